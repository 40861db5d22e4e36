//! Daily caps at submit: whether an account has had or will have all its posts of a day, and when the next one fits.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::PlatformId;
use shared::entity::account;
use shared::ids::WorkspaceId;
use shared::limits::caps::{LOOK_AHEAD, most};
use shared::limits::table::{Cap, Owner};
use shared::platforms;
use shared::store::caps::{self, Place, Whose};

use crate::problem::ApiError;

/// Why a target goes out later than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct Postponed {
    /// `daily_cap`: the platform takes only so many posts in a day.
    pub code: String,
    /// So many.
    pub limit: u32,
    /// When it was to be published.
    pub asked: String,
    /// When it will be.
    pub until: String,
}

/// When a target goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Then.
    pub at: Timestamp,
    /// The cap that moved it there from the time that was asked for.
    pub moved_by: Option<u32>,
}

impl Slot {
    /// What its row remembers, as JSON.
    pub fn postponed(&self, asked: Timestamp) -> Option<String> {
        let limit = self.moved_by?;
        let postponed = Postponed { code: "daily_cap".to_owned(), limit, asked: asked.to_string(), until: self.at.to_string() };
        Some(serde_json::to_string(&postponed).unwrap_or_else(|_| unreachable!("a slot is plain JSON")))
    }
}

/// The cap of an account's platform with its number, and whose posts it counts; `None` where there is no cap.
pub fn cap_of(app: &App, platform: PlatformId) -> Option<(Cap, u32)> {
    let cap = platforms::rules(platform).limits.cap;
    Some((cap?, most(cap, app.config.daily_caps.get(platform))?))
}

/// Whose posts an account's cap counts.
pub fn whose(cap: &Cap, account: &account::Model) -> Whose {
    match cap.owner {
        Owner::Account => Whose::Account(account.id.clone()),
        Owner::App => Whose::App(account.platform),
    }
}

/// When each account's target goes out that was asked for at one time: then, or at the next time with room.
pub async fn find_slots(
    app: &App,
    workspace: &WorkspaceId,
    accounts: &[&account::Model],
    asked: Timestamp,
) -> Result<Vec<Slot>, ApiError> {
    let mut slots = vec![Slot { at: asked, moved_by: None }; accounts.len()];
    let mut capped = Vec::new();
    let mut places = Vec::new();
    for (account, slot) in accounts.iter().zip(&mut slots) {
        if let Some((cap, most)) = cap_of(app, account.platform) {
            let (from, to) = cap.span(asked);
            places.push(Place { whose: whose(&cap, account), from, to });
            capped.push((slot, cap, most));
        }
    }
    let counts = caps::count(&*app.db, workspace, &places).await?;
    let mut own: Vec<(Whose, Timestamp)> = Vec::new();
    for (((slot, cap, most), place), count) in capped.into_iter().zip(places).zip(counts) {
        let before: Vec<Timestamp> = own.iter().filter(|(whose, _)| *whose == place.whose).map(|(_, at)| *at).collect();
        let room = usize::try_from(most).unwrap_or(usize::MAX);
        // Only the accounts that are near their cap are looked at more closely.
        if count + before.len() >= room {
            let wide = Place { to: asked.plus(LOOK_AHEAD), ..place.clone() };
            let mut taken = caps::list_times(&*app.db, workspace, &wide).await?;
            taken.extend(before);
            taken.sort_unstable();
            let at = cap.next_free(most, &taken, asked);
            *slot = Slot { at, moved_by: (at > asked).then_some(most) };
        }
        own.push((place.whose, slot.at));
    }
    Ok(slots)
}
