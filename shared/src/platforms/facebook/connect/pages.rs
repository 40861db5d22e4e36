//! The Pages that a person gave free, and the Instagram accounts that are linked to them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::graph::Graph;
use super::person::Person;
use crate::error::{ErrorClass, JobError};
use crate::platforms::facebook::wire;
use crate::secret::Secret;

/// The fields of a Page without those of the login.
pub(in crate::platforms) const PAGE_FIELDS: &str = "id,name,username,access_token";

/// The fields of a Page with the Instagram account that is linked to it.
pub(in crate::platforms) const LINKED_FIELDS: &str = "id,name,access_token,instagram_business_account{id,username,name}";

/// What else a Page may come by, beside the person's own role.
const BUSINESS_SCOPE: &str = "business_management";

/// A list's page holds so many: Pages API, most for one call.
const PER_CALL: &str = "100";

/// So many calls for one list at most: nobody runs more than 5,000 Pages.
const CALLS_MAX: usize = 50;

/// A Page as a person sees it.
#[derive(Debug, Deserialize)]
pub(in crate::platforms) struct Page {
    /// The id; there may be none in an answer that is no Page.
    #[serde(default, deserialize_with = "wire::id")]
    pub(in crate::platforms) id: Option<String>,
    /// The name shown to people.
    #[serde(default)]
    pub(in crate::platforms) name: Option<String>,
    /// The name in links.
    #[serde(default)]
    pub(in crate::platforms) username: Option<String>,
    /// The Page's token, if the person has a role.
    #[serde(default)]
    pub(in crate::platforms) access_token: Option<Secret<String>>,
    #[serde(default)]
    tasks: Option<Vec<String>>,
    /// The Instagram account that is linked to it.
    #[serde(default)]
    pub(in crate::platforms) instagram_business_account: Option<Professional>,
}

/// An Instagram account that is linked to a Page.
#[derive(Debug, Deserialize)]
pub(in crate::platforms) struct Professional {
    /// The id.
    #[serde(default, deserialize_with = "wire::id")]
    pub(in crate::platforms) id: Option<String>,
    /// The name in links.
    #[serde(default)]
    pub(in crate::platforms) username: Option<String>,
    /// The name shown to people.
    #[serde(default)]
    pub(in crate::platforms) name: Option<String>,
}

impl Page {
    /// Whether the person's role lets them publish; an answer without tasks leaves that open.
    pub(in crate::platforms) fn may_publish(&self) -> bool {
        let publishes = |task: &String| {
            let task = task.strip_prefix("PROFILE_PLUS_").unwrap_or(task);
            matches!(task, "CREATE_CONTENT" | "MANAGE" | "FULL_CONTROL")
        };
        self.tasks.as_ref().is_none_or(|tasks| tasks.iter().any(publishes))
    }

    /// Why it can't be used, when it can't.
    pub(in crate::platforms) fn unusable(&self) -> Option<String> {
        if self.access_token.is_none() {
            return Some("Facebook gives no token for this Page: you need a role on it".to_owned());
        }
        let missing = "your role on this Page does not include the task CREATE_CONTENT";
        (!self.may_publish()).then(|| missing.to_owned())
    }
}

/// The Pages that a person gave free, with `fields` of each: their own, then those that come by a business.
pub(in crate::platforms) async fn list_all(graph: &Graph<'_>, person: &Person, fields: &str) -> Result<Vec<Page>, JobError> {
    // Tasks are told of a person's own Pages only.
    let mut pages: Vec<Page> = list(graph, &person.token, ("me/accounts", &format!("{fields},tasks"))).await?;
    if !person.may(BUSINESS_SCOPE) {
        return Ok(pages);
    }
    for business in tolerated(list::<Page>(graph, &person.token, ("me/businesses", "id")).await)? {
        for edge in ["owned_pages", "client_pages"] {
            let path = format!("{}/{edge}", business.id.as_deref().unwrap_or_default());
            let found = tolerated(list::<Page>(graph, &person.token, (&path, fields)).await)?;
            add_new(&mut pages, found);
        }
    }
    Ok(pages)
}

/// Adds Pages that are not there yet. Of those that a business has and the person has no role on, nothing can be used.
fn add_new(pages: &mut Vec<Page>, found: Vec<Page>) {
    for page in found {
        if page.access_token.is_some() && !pages.iter().any(|known| known.id == page.id) {
            pages.push(page);
        }
    }
}

/// A list that the person need not be allowed to see.
fn tolerated<T>(listed: Result<Vec<T>, JobError>) -> Result<Vec<T>, JobError> {
    match listed {
        Err(error) if matches!(error.class, ErrorClass::Transient | ErrorClass::RateLimited) => Err(error),
        Err(error) => {
            tracing::info!(error.code = error.code, "Facebook does not tell a person's businesses");
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// A whole list. Its pages are asked for by cursor: the links to them hold the token.
pub(super) async fn list<T: DeserializeOwned>(
    graph: &Graph<'_>,
    token: &Secret<String>,
    (path, fields): (&str, &str),
) -> Result<Vec<T>, JobError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..CALLS_MAX {
        let mut query = vec![("fields", fields), ("limit", PER_CALL)];
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let page: wire::Page<T> = graph.get(token, path, &query, path).await?;
        after = page.next();
        all.extend(page.data);
        if after.is_none() {
            break;
        }
    }
    Ok(all)
}
