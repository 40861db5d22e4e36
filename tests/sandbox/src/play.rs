//! What every platform of the sandbox provides. To add one: its file or folder, and its line in [`PLAYERS`].

use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::state::{Account, Platform, Post, State};
use crate::{facebook, instagram, linkedin, tiktok, x, youtube};

/// One platform, played.
pub(crate) trait Play: Sync {
    /// Which one.
    fn platform(&self) -> Platform;

    /// Whether a call is meant for it. All platforms share one origin; the first that says yes gets the call.
    fn owns(&self, state: &State, call: &Call) -> bool;

    /// The account a call claims to come from, without checking anything else.
    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account>;

    /// Does what the platform does with a call. `action` is a fault that shapes the work itself.
    fn work(&self, state: &mut State, call: &Call, action: Option<&Action>) -> Answer;

    /// Answers a call the way a fault asks for, without any work.
    fn refuse(&self, state: &mut State, call: &Call, action: &Action) -> Answer;

    /// Names of the errors that the fault `error` can answer here: every row of the platform's error tables.
    fn error_names(&self) -> Vec<&'static str>;

    /// A new account: `n` makes its id when none was asked for.
    fn invent(&self, id: Option<String>, n: u64, variant: &str) -> Account;

    /// Brings up to date what time alone changes, such as scheduled posts that are due; called before posts are shown.
    fn catch_up(&self, _state: &mut State) {}

    /// Where people would see a post.
    fn permalink(&self, state: &State, post: &Post) -> String;
}

/// Every platform, in the order in which they are asked whether a call is theirs; the last takes what is left.
pub(crate) const PLAYERS: [&dyn Play; 6] =
    [&x::X, &linkedin::Linkedin, &tiktok::Tiktok, &youtube::Youtube, &instagram::Instagram, &facebook::Facebook];

/// The one that plays a platform.
pub(crate) fn player(platform: Platform) -> &'static dyn Play {
    let found = PLAYERS.into_iter().find(|player| player.platform() == platform);
    found.expect("every platform has a player")
}
