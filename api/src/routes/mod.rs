//! One file per resource: input types, output types, then the handlers in the order create, list, get, update, delete.

pub mod account_view;
pub mod accounts;
pub mod choice;
pub mod content;
pub mod credentials;
pub mod grant_body;
pub mod job_events;
pub mod jobs;
pub mod login_return;
pub mod new_post;
pub mod notices;
pub mod oauth;
pub mod operations;
pub mod platforms;
pub mod posts;
pub mod rate_limits;
pub mod refusal;
pub mod resolution;
pub mod risks;
pub mod status;

use poem_openapi::Tags;

/// The groups of the API's document.
#[derive(Tags)]
pub enum Tag {
    /// Posts and their targets.
    Posts,
    /// What each platform takes.
    Platforms,
    /// Accounts on the platforms: connected, kept, let go.
    Accounts,
    /// The work behind them.
    Jobs,
    /// For those who run Pressroom.
    Operations,
}

/// The number of rows of a list when none is asked for.
pub const LIMIT_DEFAULT: u32 = 20;

/// The largest number of rows of a list.
pub const LIMIT_MAX: u32 = 100;
