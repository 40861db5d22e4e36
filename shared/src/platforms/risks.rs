//! What would stop a post when its time comes and can be known before: looked at ahead of time, nothing is changed.
//!
//! A daily cap is no risk: it moves the post when it is submitted, see `store::caps`. A limit of the platform that has no
//! room until after the post is due is one, since the post will be late.

use std::collections::BTreeSet;

use super::{Grant, allowed_files, check, check_draft, connect, open_grant, rules, versions};
use crate::app::App;
use crate::clock::Timestamp;
use crate::content::{AccountState, Draft, PlatformId};
use crate::entity::account;
use crate::error::{ErrorClass, ErrorRecord, JobError};
use crate::store::risks::Risk;
use connect::Renewal;

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// What stands in the post's way.
    pub risks: Vec<Risk>,
    /// Files whose host did not answer: a risk unless it passes.
    pub unreachable: Vec<Risk>,
    /// The platform could not be asked about the account, which is no risk as long as there is time to ask again.
    pub unasked: Option<Risk>,
    /// The platform refuses an access token that can be renewed: only that tells whether the grant is alive.
    pub expired: bool,
}

/// What the owner of a post does about a grant.
const RECONNECT: &str = "reconnect the account before the post is due";

/// What the owner of a post does about its content.
const RESUBMIT: &str = "cancel the post, change it and submit it again";

/// Looks at everything that a post on `account` needs at `publish_at`.
pub async fn look(app: &App, account: &account::Model, draft: &Draft, publish_at: Timestamp) -> Looked {
    let mut looked = Looked::default();
    // The rules may be others than those under which the post was accepted.
    for broken in check_draft(app, account.platform, draft) {
        looked.risks.push(Risk::new(broken.code, broken.detail, RESUBMIT));
    }
    look_at_version(app, account.platform, publish_at, &mut looked);
    look_at_files(app, account.platform, draft, &mut looked).await;
    look_at_account(app, account, publish_at, &mut looked).await;
    look_at_limits(app, account, publish_at, &mut looked).await;
    looked
}

/// Whether the platform has told that nothing goes for longer than until the post is due.
async fn look_at_limits(app: &App, account: &account::Model, publish_at: Timestamp, looked: &mut Looked) {
    let (table, now) = (&rules(account.platform).limits, app.clock.now());
    let of_account = app.limits.read_account((account.platform, &account.id), table, now).await;
    let of_app = app.limits.read_app(account.platform, table, now).await;
    for gauges in [of_account, of_app] {
        let gauges = match gauges {
            Ok(gauges) => gauges,
            // What is known of limits is gone with Redis: the call itself will find out.
            Err(error) => {
                tracing::debug!(error = %format!("{error:#}"), "limits could not be looked at ahead");
                continue;
            }
        };
        let full = gauges.limits.into_iter().filter(|gauge| gauge.left == Some(0));
        for (name, reset_at) in full.filter_map(|gauge| Some((gauge.name, gauge.reset_at.filter(|at| *at > publish_at)?))) {
            let message =
                format!("the limit `{name}` of `{}` leaves no room until {reset_at}: the post will be late", account.name);
            let remedy = "nothing to do: it goes out then; cancel it if that is too late";
            looked.risks.push(Risk::new("limit_reached", message, remedy));
        }
    }
}

fn look_at_version(app: &App, platform: PlatformId, publish_at: Timestamp, looked: &mut Looked) {
    let ended = |version: &versions::Version| version.days_left(publish_at).is_some_and(|days| days <= 0);
    for version in versions::in_use(&app.config).into_iter().filter(|version| version.platform == platform && ended(version)) {
        let end = version.ends_on.map(|end| end.to_string()).unwrap_or_default();
        let message = format!("version {} of the platform's API does not answer any more from {end} on", version.name);
        looked.risks.push(Risk::new("api_version_ends", message, "ask the operator of this Pressroom to set a newer version"));
    }
}

async fn look_at_files(app: &App, platform: PlatformId, draft: &Draft, looked: &mut Looked) {
    let urls: BTreeSet<&str> = draft.files().collect();
    for url in urls {
        let Some(allowed) = allowed_files(platform, draft, url) else { continue };
        match app.media.probe(url).await {
            Ok(probe) => {
                if let Err((code, reason)) = check::check_file(allowed, &probe) {
                    looked.risks.push(Risk::new(code, format!("`{url}`: {reason}"), RESUBMIT));
                }
            }
            Err(error) if error.class == ErrorClass::Rejected => {
                let remedy = "put the file back at its address, or cancel the post and submit it with another file";
                looked.risks.push(Risk::new(error.code, error.message, remedy));
            }
            Err(error) => {
                let remedy = "see to it that the file can be fetched from its address before the post is due";
                looked.unreachable.push(Risk::new("media_unreachable", error.message, remedy));
            }
        }
    }
}

async fn look_at_account(app: &App, account: &account::Model, publish_at: Timestamp, looked: &mut Looked) {
    let name = &account.name;
    if account.disconnected_at.is_some() {
        let message = format!("the account `{name}` was disconnected");
        looked.risks.push(Risk::new("account_disconnected", message, "connect the account again, or cancel the post"));
        return;
    }
    if account.state == AccountState::NeedsReconnect {
        let problem: Option<ErrorRecord> = account.problem.as_deref().and_then(|problem| serde_json::from_str(problem).ok());
        let why = problem.map(|problem| format!(": {}", problem.message)).unwrap_or_default();
        let message = format!("the account `{name}` must be reconnected{why}");
        looked.risks.push(Risk::new("account_needs_reconnect", message, RECONNECT));
        return;
    }
    let grant = match open_grant(app, account) {
        Ok(grant) => grant,
        Err(error) => return looked.risks.push(Risk::new(error.code, error.message, error.remedy)),
    };
    looked.risks.extend(life_of(account, publish_at));
    let told = ask(app, account, &grant, looked).await;
    // What the platform tells now goes before what is known since the account was connected.
    let granted = told.unwrap_or_else(|| account.scopes.split_whitespace().map(str::to_owned).collect());
    let missing = connect::missing_scopes(account.platform, &account.variant, &granted);
    if !missing.is_empty() {
        let message = format!("the account `{name}` was connected without the scopes that posting needs: {}", missing.join(", "));
        looked.risks.push(Risk::new("scopes_missing", message, "reconnect the account and allow all that is asked for"));
    }
}

/// Whether the grant lives until the post is due.
fn life_of(account: &account::Model, publish_at: Timestamp) -> Option<Risk> {
    let before = |end: Option<Timestamp>| end.filter(|end| *end <= publish_at);
    let name = &account.name;
    if account.refresh_job_id.is_none() && account.expires_at.is_some() {
        let end = before(account.expires_at)?;
        let message = format!("the access token of `{name}` ends at {end}, before the post is due, and nothing renews it");
        return Some(Risk::new("token_ends", message, RECONNECT));
    }
    let end = before(account.renewal_expires_at)?;
    // A token that was renewed last may outlive what renews it.
    if account.expires_at.is_some_and(|end| end > publish_at) {
        return None;
    }
    let message = format!("what renews the access token of `{name}` ends at {end}, before the post is due");
    Some(Risk::new("renewal_ends", message, RECONNECT))
}

/// Asks the platform whose grant it is; gives the scopes, when it tells them.
async fn ask(app: &App, account: &account::Model, grant: &Grant, looked: &mut Looked) -> Option<Vec<String>> {
    let hint = (account.external_id.as_str(), account.variant.as_str());
    let error = match connect::verify(app, account.platform, grant, hint).await {
        Ok(identity) if identity.external_id == account.external_id => return identity.scopes,
        Ok(identity) => {
            let message = format!(
                "the grant of `{}` is of the account {}, not of {}",
                account.name, identity.external_id, account.external_id
            );
            looked.risks.push(Risk::new("account_is_another", message, RECONNECT));
            return None;
        }
        Err(error) => error,
    };
    let renewable = connect::renewal(account.platform, grant) != Renewal::Never;
    match error.class {
        ErrorClass::AuthExpired if renewable => {
            looked.expired = true;
            looked.unasked = Some(unasked(account, &error));
        }
        ErrorClass::AuthExpired | ErrorClass::AuthRevoked => {
            let message = format!("the platform refuses the grant of `{}`: {}", account.name, words(&error));
            looked.risks.push(Risk::new("grant_refused", message, RECONNECT));
        }
        ErrorClass::Rejected => {
            let message = format!("the platform refuses the account `{}`: {}", account.name, words(&error));
            looked.risks.push(Risk::new("account_refused", message, RECONNECT));
        }
        _ => looked.unasked = Some(unasked(account, &error)),
    }
    None
}

/// The risk that a platform could not be asked about an account.
pub fn unasked(account: &account::Model, error: &JobError) -> Risk {
    let message = format!("the platform could not be asked about the account `{}`: {}", account.name, error.message);
    Risk::new(
        "could_not_be_checked",
        message,
        "nothing to do: the post is tried when it is due, and again when the platform is away",
    )
}

fn words(error: &JobError) -> &str {
    error.platform_message.as_deref().filter(|words| !words.is_empty()).unwrap_or(&error.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WorkspaceId;
    use crate::store::accounts::{NewAccount, new_row};
    use std::time::Duration;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn account(platform: PlatformId, external_id: &str, variant: &str) -> account::Model {
        let new = NewAccount {
            workspace: WorkspaceId::generate(),
            platform,
            external_id: external_id.to_owned(),
            name: "Ada".to_owned(),
            username: None,
            variant: variant.to_owned(),
        };
        new_row(new, NOW)
    }

    #[test]
    fn a_token_that_nothing_renews_must_outlive_the_post() {
        let hour = Duration::from_secs(3600);
        let ends = |at| account::Model { expires_at: Some(at), ..account(PlatformId::X, "1", "oauth1") };
        let code = |account: &account::Model| life_of(account, NOW.plus(hour)).map(|risk| risk.code);

        assert_eq!(code(&ends(NOW.plus(hour))).as_deref(), Some("token_ends"));
        assert_eq!(code(&ends(NOW.plus(hour * 2))), None);
        assert_eq!(code(&account(PlatformId::X, "1", "oauth1")), None);
    }
}
