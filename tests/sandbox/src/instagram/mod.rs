//! Instagram as seen from outside: both logins of the content publishing API, and its upload host.

use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::play::Play;
use crate::state::{Account, Platform, Post, State};

mod accounts;
mod carousel;
mod check;
mod comments;
mod containers;
mod errors;
mod fields;
mod identity;
mod insights;
mod list;
mod login;
mod media;
mod memory;
mod options;
mod process;
mod publish;
mod refuse;
mod routes;
mod settings;
mod status;
mod target;
mod tokens;
mod upload;
mod usage;
mod video;

pub(crate) use accounts::{has_own_login, has_page, page_id};
pub(crate) use identity::linked_page;
pub(crate) use login::SCOPES as LOGIN_SCOPES;
pub(crate) use memory::Memory;
pub(crate) use settings::Settings;

/// The player of Instagram.
pub(crate) struct Instagram;

impl Play for Instagram {
    fn platform(&self) -> Platform {
        Platform::Instagram
    }

    fn owns(&self, state: &State, call: &Call) -> bool {
        target::owns(state, call)
    }

    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account> {
        accounts::caller(state, call)
    }

    fn work(&self, state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
        routes::work(state, call, action)
    }

    fn refuse(&self, state: &mut State, call: &Call, action: &Action) -> Answer {
        refuse::refuse(state, call, action)
    }

    fn error_names(&self) -> Vec<&'static str> {
        errors::names()
    }

    fn invent(&self, id: Option<String>, n: u64, variant: &str) -> Account {
        accounts::invent(id, n, variant)
    }

    fn permalink(&self, state: &State, post: &Post) -> String {
        media::permalink(state, post)
    }
}
