//! Whose token it is: the member, and the organisations in which the member has a role.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rest::Rest;
use crate::error::{ErrorClass, JobError};
use crate::platforms::connect::Identity;
use crate::platforms::linkedin::call::key;
use crate::platforms::linkedin::errors::PERMISSION_MISSING;

/// What the URN of an organisation begins with; showcase pages and brands can't be posted for.
const ORGANIZATION: &str = "urn:li:organization:";

/// Roles that may post, Organization Access Control; the last is the older name of the second.
const POSTING_ROLES: [&str; 3] = ["ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"];

/// Scopes of which one is needed to read roles.
const ROLE_SCOPES: [&str; 2] = ["rw_organization_admin", "r_organization_admin"];

/// Roles read by one call: the most LinkedIn gives.
const PER_CALL: usize = 100;

/// So many calls for roles at most: nobody has more than 2,000.
const CALLS_MAX: usize = 20;

/// The member, by OpenID Connect.
#[derive(Deserialize)]
struct Userinfo {
    sub: String,
    #[serde(default)]
    name: Option<String>,
}

/// Some of the roles that a member has.
#[derive(Deserialize)]
struct Roles {
    elements: Vec<Role>,
}

/// A member's role in an organisation, which older versions name otherwise.
#[derive(Deserialize)]
struct Role {
    #[serde(alias = "organizationTarget", alias = "organizationalTarget")]
    organization: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    #[serde(default)]
    localized_name: Option<String>,
    #[serde(default)]
    vanity_name: Option<String>,
}

/// Everybody whom a token serves, with what keeps them from being used.
pub(super) async fn list(rest: &Rest<'_>, scopes: Option<&[String]>) -> Result<Vec<(Identity, Option<String>)>, JobError> {
    let mut all = vec![(member(rest).await?, None)];
    let may_read_roles = |scopes: &[String]| scopes.iter().any(|scope| ROLE_SCOPES.contains(&scope.as_str()));
    if !scopes.is_none_or(may_read_roles) {
        return Ok(all);
    }
    let organizations = match organizations(rest).await {
        // An app that may not read them has none.
        Err(error) if !matches!(error.class, ErrorClass::Transient | ErrorClass::RateLimited) => {
            tracing::info!(error.code = error.code, "LinkedIn does not tell a member's organisations");
            return Ok(all);
        }
        known => known?,
    };
    for (urn, may_post) in organizations {
        let missing = "your role in this organisation does not let you post: it takes ADMINISTRATOR or CONTENT_ADMINISTRATOR";
        all.push((organization(rest, urn).await, (!may_post).then(|| missing.to_owned())));
    }
    Ok(all)
}

/// Whom `id` names, if the token serves it; the member in every other case.
pub(super) async fn find(rest: &Rest<'_>, id: &str) -> Result<Identity, JobError> {
    let member = member(rest).await.map_err(unreadable)?;
    if !id.starts_with(ORGANIZATION) {
        return Ok(member);
    }
    if organizations(rest).await.map_err(unreadable)?.get(id).copied().unwrap_or_default() {
        return Ok(organization(rest, id.to_owned()).await);
    }
    let message = format!("`{}` may not post for `{id}` any more", member.name);
    Err(JobError::new(ErrorClass::AuthRevoked, PERMISSION_MISSING, message)
        .remedy("reconnect the account as one of the organisation's administrators, then retry the job"))
}

async fn member(rest: &Rest<'_>) -> Result<Identity, JobError> {
    let told: Userinfo = rest.get("/v2/userinfo", &[], "identity").await?;
    Ok(Identity {
        external_id: format!("urn:li:person:{}", told.sub),
        name: told.name.filter(|name| !name.is_empty()).unwrap_or(told.sub),
        username: None,
        variant: "person".to_owned(),
        scopes: None,
    })
}

/// The organisations in which the member has a role, and whether it lets them post.
async fn organizations(rest: &Rest<'_>) -> Result<BTreeMap<String, bool>, JobError> {
    let mut all = BTreeMap::new();
    for call in 0..CALLS_MAX {
        let (start, count) = ((call * PER_CALL).to_string(), PER_CALL.to_string());
        let query = [("q", "roleAssignee"), ("state", "APPROVED"), ("count", &*count), ("start", &*start)];
        let roles: Roles = rest.get("/rest/organizationAcls", &query, "roles in organisations").await?;
        let is_last = roles.elements.len() < PER_CALL;
        add_roles(&mut all, roles);
        if is_last {
            break;
        }
    }
    Ok(all)
}

/// Adds roles; a member may have several in one organisation.
fn add_roles(all: &mut BTreeMap<String, bool>, roles: Roles) {
    for role in roles.elements {
        let approved = role.state.as_deref().is_none_or(|state| state == "APPROVED");
        if approved && role.organization.starts_with(ORGANIZATION) {
            *all.entry(role.organization).or_default() |= POSTING_ROLES.contains(&role.role.as_str());
        }
    }
}

/// An organisation by its URN; its number stands in for a name that can't be read.
async fn organization(rest: &Rest<'_>, urn: String) -> Identity {
    let id = urn.strip_prefix(ORGANIZATION).unwrap_or(&urn);
    let told = rest.get::<Organization>(&format!("/rest/organizations/{}", key(id)), &[], "name of the organisation").await;
    let (name, username) = told.map_or((None, None), |told| (told.localized_name, told.vanity_name));
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Identity {
        name: given(name).unwrap_or_else(|| format!("organisation {id}")),
        username: given(username),
        external_id: urn,
        variant: "organization".to_owned(),
        scopes: None,
    }
}

/// A scope that is missing for looking is no proof that the grant is dead: posting takes others.
fn unreadable(error: JobError) -> JobError {
    match error.code {
        PERMISSION_MISSING => JobError { class: ErrorClass::Rejected, code: "identity_unreadable", ..error },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn roles(elements: serde_json::Value) -> BTreeMap<String, bool> {
        let mut all = BTreeMap::new();
        add_roles(&mut all, serde_json::from_value(json!({ "elements": elements })).unwrap());
        all
    }

    #[test]
    fn a_role_that_may_post_makes_an_organisation_usable() {
        let cases = [
            ("ADMINISTRATOR", true),
            ("CONTENT_ADMINISTRATOR", true),
            ("CONTENT_ADMIN", true),
            ("DIRECT_SPONSORED_CONTENT_POSTER", false),
            ("ANALYST", false),
            ("", false),
        ];
        for (role, usable) in cases {
            let known = roles(json!([{"organization": "urn:li:organization:1", "role": role, "state": "APPROVED"}]));

            assert_eq!(known.get("urn:li:organization:1"), Some(&usable), "{role}");
        }
    }

    #[test]
    fn the_best_of_several_roles_counts_whatever_the_version_calls_the_organisation() {
        let known = roles(json!([
            {"organizationTarget": "urn:li:organization:1", "role": "ADMINISTRATOR", "state": "APPROVED"},
            {"organizationalTarget": "urn:li:organization:1", "role": "ANALYST"},
            {"organization": "urn:li:organization:2", "role": "ADMINISTRATOR", "state": "REQUESTED"},
            {"organization": "urn:li:organizationBrand:3", "role": "ADMINISTRATOR", "state": "APPROVED"},
        ]));

        assert_eq!(known.into_iter().collect::<Vec<_>>(), [("urn:li:organization:1".to_owned(), true)]);
    }

    #[test]
    fn a_scope_for_looking_is_not_what_a_grant_lives_by() {
        let missing = unreadable(JobError::new(ErrorClass::AuthRevoked, PERMISSION_MISSING, "m"));
        let dead = unreadable(JobError::new(ErrorClass::AuthRevoked, "token_refused", "m"));

        assert_eq!((missing.class, missing.code), (ErrorClass::Rejected, "identity_unreadable"));
        assert_eq!(dead.class, ErrorClass::AuthRevoked);
    }
}
