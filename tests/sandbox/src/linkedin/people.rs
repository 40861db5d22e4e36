//! Who a token belongs to, and the organisations it may post for.

use serde_json::{Value, json};

use super::gate::{self, Ask};
use super::reads::page;
use super::urn::{Urn, is_organization};
use super::{Outcome, errors};
use crate::call::{Answer, Call};
use crate::state::{Account, Platform, State};

/// `GET /v2/userinfo`: needs no version, and no more than OpenID's scopes.
pub(super) fn userinfo(state: &mut State, call: &Call) -> Outcome {
    let account = gate::authenticate(state, call)?;
    if !gate::granted(&account, &["openid"]) {
        let message = "Not enough permissions to access: userinfo.GET.NO_VERSION";
        return Err(errors::saying("403/ACCESS_DENIED", message));
    }
    let sub = gate::member_id(state, &account);
    let member = state.account(Platform::Linkedin, &sub);
    let name = member.map_or_else(|| format!("Sandbox {sub}"), |member| member.name.clone());
    let (given, family) = name.split_once(' ').unwrap_or((&name, ""));
    let mut body = json!({"sub": sub});
    if gate::granted(&account, &["profile"]) {
        body["name"] = json!(name);
        body["given_name"] = json!(given);
        body["family_name"] = json!(family);
        body["picture"] = json!(format!("{}/_sandbox/samples/photo-1.jpg", state.public_url));
        body["locale"] = json!({"country": "US", "language": "en"});
    }
    if gate::granted(&account, &["email"]) {
        body["email"] = json!(format!("{}@example.com", sub.to_lowercase()));
        body["email_verified"] = json!(true);
    }
    Ok(Answer::json(200, &body))
}

/// `GET /rest/organizationAcls?q=roleAssignee`: the organisations that share the member's token.
pub(crate) fn roles(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let (start, count) = (ask.number("start", 0, usize::MAX)?, ask.number("count", 10, 100)?);
    let scopes = ["rw_organization_admin", "r_organization_admin"];
    let holders: Vec<&Account> = gate::holders(state, &ask.token).collect();
    if !holders.iter().any(|account| gate::granted(account, &scopes)) {
        return Err(ask.denied("partnerApiOrganizationAcls.FINDER-roleAssignee"));
    }
    let role = state.settings.linkedin.organization_role.as_str();
    let wanted = ask.value("role").is_none_or(|wanted| wanted == role);
    let wanted = wanted && ask.value("state").is_none_or(|wanted| wanted == "APPROVED");
    let organizations = holders.iter().filter(|account| wanted && is_organization(account));
    let elements = organizations.map(|account| {
        json!({
            "organization": Urn::of(account).to_string(),
            "roleAssignee": format!("urn:li:person:{}", gate::member_id(state, account)),
            "role": role,
            "state": "APPROVED",
        })
    });
    Ok(page(&elements.collect::<Vec<Value>>(), start, count))
}

/// `GET /rest/organizations/{id}`.
pub(crate) fn organization(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let found = state.account(Platform::Linkedin, ask.key()).filter(|account| is_organization(account));
    let account = found.ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    let id: Value = account.id.parse::<u64>().map_or_else(|_| json!(account.id), |id| json!(id));
    let logo = format!("urn:li:digitalmediaAsset:C4D0BAQ{}", account.id);
    Ok(Answer::json(
        200,
        &json!({
            "id": id,
            "localizedName": account.name,
            "name": {"localized": {"en_US": account.name}, "preferredLocale": {"country": "US", "language": "en"}},
            "vanityName": account.username,
            "logoV2": {"original": logo, "cropped": logo},
        }),
    ))
}
