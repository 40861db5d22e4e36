//! Facebook's login: the professional accounts that are linked to a person's Pages, each with its Page's token.

use super::no_account;
use crate::app::App;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Grant;
use crate::platforms::connect::oauth::{access_token, not_identified, renewal_token};
use crate::platforms::connect::{Candidate, Finish, Granted, Identity, Start, Started, codes};
use crate::platforms::facebook::connect::faults;
use crate::platforms::facebook::connect::graph::Graph;
use crate::platforms::facebook::connect::pages::{self, LINKED_FIELDS, Page, Professional};
use crate::platforms::facebook::connect::person::{self, Person};
use crate::platforms::instagram::errors;
use crate::secret::Secret;

/// The variant of accounts that came through a Page.
pub(super) const VARIANT: &str = "facebook";

/// Where the person consents: Facebook's dialog. The configuration of Pages' login is not for it.
pub(super) fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
    person::dialog(&graph(app), start, "")
}

/// Exchanges the code, and lists the accounts behind the person's Pages.
pub(super) async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
    let graph = graph(app);
    let person = person::arrive(&graph, finish).await?;
    let pages = pages::list_all(&graph, &person, LINKED_FIELDS).await;
    let pages = pages.map_err(|error| not_identified(codes::USER_INFO_FAILED, error))?;
    let candidates: Vec<Candidate> = pages.into_iter().filter_map(|page| candidate(&person, page)).collect();
    if candidates.is_empty() {
        let remedy = "link a business or creator account to a Facebook Page that you have a role on, then begin the login again \
                      and choose both";
        return Err(no_account("no Page of this login has a professional Instagram account linked to it", remedy));
    }
    Ok(candidates)
}

fn candidate(person: &Person, page: Page) -> Option<Candidate> {
    let identity = identity(page.instagram_business_account.as_ref()?)?;
    let unusable = page.unusable();
    let page_id = page.id.unwrap_or_default();
    let token = page.access_token.unwrap_or_else(|| Secret::new(String::new()));
    let granted = person.grant(&token, &[&identity.external_id, &page_id]);
    Some(Candidate { identity, granted, unusable })
}

fn identity(account: &Professional) -> Option<Identity> {
    let external_id = account.id.clone()?;
    let username = account.username.clone().filter(|username| !username.is_empty());
    let name = account.name.clone().filter(|name| !name.is_empty());
    let name = name.or_else(|| username.clone()).unwrap_or_else(|| external_id.clone());
    Some(Identity { external_id, name, username, variant: VARIANT.to_owned(), scopes: None })
}

/// Exchanges the person's token, and reads the token of the Page that the account is linked to now.
pub(super) async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
    let graph = graph(app);
    let (page_token, id) = (access_token(grant)?, account.external_id.as_str());
    let person = match person::extend(&graph, renewal_token(account, grant)?).await {
        Ok(person) => person,
        Err(error) if error.class == ErrorClass::AuthExpired => return person::outlived(&graph, page_token, &[id]).await,
        Err(error) => return Err(faults::renewal_failed(error)),
    };
    let pages = pages::list_all(&graph, &person, LINKED_FIELDS).await.map_err(faults::renewal_failed)?;
    let page =
        pages.iter().find(|page| page.instagram_business_account.as_ref().is_some_and(|linked| linked.id.as_deref() == Some(id)));
    if let Some(Page { id: page_id, access_token: Some(token), .. }) = page {
        return Ok(person.grant(token, &[id, page_id.as_deref().unwrap_or_default()]));
    }
    // Not every Page is told of; as long as its token reaches the account, nothing is lost.
    look_up(&graph, page_token, id).await.map_err(faults::renewal_failed)?;
    let kept = person.grant(page_token, &[id]);
    Ok(Granted { scopes: None, ..kept })
}

/// Whose token it is: the account `id`, if it reaches that; the one that its Page is linked to, if none is named.
pub(super) async fn verify(app: &App, grant: &Grant, id: &str) -> Result<Identity, JobError> {
    let (graph, token) = (graph(app), access_token(grant)?);
    let account = if id.is_empty() {
        let fields = [("fields", "id,instagram_business_account{id,username,name}")];
        graph.get::<Page>(token, "me", &fields, "identity").await?.instagram_business_account
    } else {
        Some(look_up(&graph, token, id).await?)
    };
    let found = account.as_ref().and_then(identity).ok_or_else(|| faults::nameless("identity"))?;
    let scopes = person::inspect(&graph, token).await.and_then(|inspected| inspected.scopes_of(&[&found.external_id]));
    Ok(Identity { scopes, ..found })
}

/// Takes the app off the person's account, once nothing else lives on it.
pub(super) async fn revoke(app: &App, account: &account::Model, grant: &Grant) -> Result<(), JobError> {
    match grant {
        Grant::Bearer { renewal: Some(renewal), .. } => person::revoke(&graph(app), renewal, account).await,
        _ => Err(faults::cannot_revoke()),
    }
}

async fn look_up(graph: &Graph<'_>, token: &Secret<String>, id: &str) -> Result<Professional, JobError> {
    graph.get(token, id, &[("fields", "id,username,name")], "identity").await
}

fn graph(app: &App) -> Graph<'_> {
    let (instagram, facebook) = (&app.config.instagram, &app.config.facebook);
    Graph {
        app,
        base: &facebook.graph_base,
        version: &instagram.api_version,
        app_secret: &facebook.app_secret,
        classify: errors::classify,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(linked: &serde_json::Value) -> Page {
        serde_json::from_value(json!({"id": "1", "access_token": "t", "instagram_business_account": linked})).unwrap()
    }

    #[test]
    fn an_account_goes_by_the_best_name_it_has() {
        let cases = [
            (json!({"id": "1784", "username": "ada", "name": "Ada"}), "Ada", Some("ada")),
            (json!({"id": 1784, "username": "ada", "name": ""}), "ada", Some("ada")),
            (json!({"id": "1784"}), "1784", None),
        ];
        for (linked, name, username) in cases {
            let identity = identity(page(&linked).instagram_business_account.as_ref().unwrap()).unwrap();

            assert_eq!((identity.name.as_str(), identity.username.as_deref()), (name, username));
            assert_eq!((identity.external_id.as_str(), identity.variant.as_str()), ("1784", "facebook"));
        }
    }

    #[test]
    fn a_page_without_an_account_gives_nothing() {
        let person = Person::until(Some(1), None);

        assert!(candidate(&person, page(&serde_json::Value::Null)).is_none());
        assert!(candidate(&person, page(&json!({"id": "1784"}))).is_some());
    }
}
