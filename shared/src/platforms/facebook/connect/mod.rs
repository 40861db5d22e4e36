//! How Pages are connected, kept and let go. One login gives all Pages that the person picks in Facebook's dialog; each keeps
//! its own token and, to renew it with, the person's.

pub(in crate::platforms) mod faults;
pub(in crate::platforms) mod graph;
pub(in crate::platforms) mod pages;
pub(in crate::platforms) mod person;

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Facebook, errors};
use crate::app::App;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Grant;
use crate::platforms::connect::oauth::{access_token, not_identified, renewal_token};
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started, codes, failed};
use crate::secret::Secret;
use graph::Graph;
use pages::{PAGE_FIELDS, Page};
use person::Person;

impl Connect for Facebook {
    const LOGINS: &'static [Login] = &[Login {
        variant: "",
        // Those of the adapter, then what visitors wrote, then Pages that come by a business.
        scopes: &[
            "pages_show_list",
            "pages_read_engagement",
            "pages_manage_posts",
            "pages_manage_engagement",
            "pages_read_user_content",
            "business_management",
        ],
        settings: &["FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET"],
    }];

    /// A person's token lives 60 days.
    const RENEW_AHEAD: Duration = Duration::from_secs(10 * 86_400);

    fn renewal(grant: &Grant) -> Renewal {
        match grant {
            Grant::Bearer { renewal: Some(_), .. } => Renewal::Extend,
            _ => Renewal::Never,
        }
    }

    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
        person::dialog(&graph(app), start, &app.config.facebook.login_config_id)
    }

    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        let graph = graph(app);
        let person = person::arrive(&graph, finish).await?;
        let pages = pages::list_all(&graph, &person, PAGE_FIELDS).await;
        let pages = pages.map_err(|error| not_identified(codes::USER_INFO_FAILED, error))?;
        let candidates: Vec<Candidate> = pages.into_iter().filter_map(|page| candidate(&person, page)).collect();
        if candidates.is_empty() {
            let remedy = "begin the login again and choose at least one Page; you need a role on it";
            return Err(failed(codes::NO_PAGES_FOUND, "this login gave no Facebook Page free").remedy(remedy));
        }
        Ok(candidates)
    }

    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
        let graph = graph(app);
        let page_id = account.external_id.as_str();
        let person = match person::extend(&graph, renewal_token(account, grant)?).await {
            Ok(person) => person,
            Err(error) if error.class == ErrorClass::AuthExpired => {
                return person::outlived(&graph, access_token(grant)?, &[page_id]).await;
            }
            Err(error) => return Err(faults::renewal_failed(error)),
        };
        let page = graph.get::<Page>(&person.token, page_id, &[("fields", "id,access_token")], "token of the Page").await;
        let page = page.map_err(faults::page_refused)?;
        let token = page.access_token.ok_or_else(|| faults::lost("Facebook gives no token for the Page any more"))?;
        Ok(person.grant(&token, &[page_id]))
    }

    async fn verify(app: &App, grant: &Grant, _hint: (&str, &str)) -> Result<Identity, JobError> {
        let (graph, token) = (graph(app), access_token(grant)?);
        let page: Page = graph.get(token, "me", &[("fields", "id,name,username")], "identity").await?;
        let id = page.id.clone().ok_or_else(|| faults::nameless("identity"))?;
        let scopes = person::inspect(&graph, token).await.and_then(|inspected| inspected.scopes_of(&[&id]));
        Ok(Identity { scopes, ..identity(&page, id) })
    }

    async fn revoke(app: &App, account: &account::Model, grant: &Grant) -> Result<(), JobError> {
        match grant {
            Grant::Bearer { renewal: Some(renewal), .. } => person::revoke(&graph(app), renewal, account).await,
            _ => Err(faults::cannot_revoke()),
        }
    }
}

fn graph(app: &App) -> Graph<'_> {
    let settings = &app.config.facebook;
    Graph {
        app,
        base: &settings.graph_base,
        version: &settings.api_version,
        app_secret: &settings.app_secret,
        classify: errors::classify,
    }
}

fn candidate(person: &Person, page: Page) -> Option<Candidate> {
    let id = page.id.clone()?;
    let unusable = page.unusable();
    let identity = identity(&page, id.clone());
    let token = page.access_token.unwrap_or_else(|| Secret::new(String::new()));
    Some(Candidate { identity, granted: person.grant(&token, &[&id]), unusable })
}

fn identity(page: &Page, id: String) -> Identity {
    Identity {
        name: page.name.clone().unwrap_or_else(|| id.clone()),
        username: page.username.clone().filter(|username| !username.is_empty()),
        external_id: id,
        variant: String::new(),
        scopes: None,
    }
}
