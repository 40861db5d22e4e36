//! The items of carousels, before and after publishing.

use std::collections::HashSet;

use super::errors::Refusal;
use super::process::{Status, status};
use super::routes::{Ask, Outcome};
use super::{check, list, media};
use crate::state::{Platform, State};

/// The containers named by `children`: two to ten, each of them ready and made for a carousel.
pub(super) fn items(state: &State, ask: &Ask<'_>) -> Result<Vec<String>, Refusal> {
    let ids = check::list(&ask.params, "children");
    if !(2..=10).contains(&ids.len()) {
        return Err(Refusal::named("100/2207028"));
    }
    if ids.iter().collect::<HashSet<_>>().len() < ids.len() {
        return Err(Refusal::parameter("Param children names an item twice"));
    }
    for id in &ids {
        let item = state.instagram.own_container(&ask.account.id, id);
        let item = item.ok_or_else(|| Refusal::named("24/2207008"))?;
        if !item.child {
            return Err(Refusal::parameter(&format!("The container {id} is no carousel item")));
        }
        match status(state, item) {
            Status::Finished => {}
            Status::InProgress => return Err(Refusal::named("9007/2207027")),
            Status::Expired => return Err(Refusal::named("24/2207008")),
            Status::Error(subcode) => return Err(Refusal::of_subcode(&subcode)),
            Status::Published => return Err(Refusal::named(&state.settings.instagram.second_publish_error)),
        }
    }
    Ok(ids)
}

/// `GET /{ig-media}/children`, in the order shown.
pub(super) fn list_children(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let album = state.post(Platform::Instagram, &ask.id).filter(|post| post.account_id == ask.account.id);
    let album = album.ok_or_else(|| Refusal::unknown_object("get", &ask.id))?;
    let items = if album.kind == "carousel" { media::children(state, album) } else { Vec::new() };
    let items = items.into_iter().map(|object| list::Item { at: album.created_at, object }).collect();
    list::answer(state, ask, items, &list::Listing { edge: "children", shape: &media::CHILD, default: "id" })
}
