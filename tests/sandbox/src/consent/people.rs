//! Who can log in on a consent page, and what each of them can give.

use super::dialog::{Asked, Login};
use crate::state::{Account, Platform, State};
use crate::{facebook, instagram};

/// Somebody who can log in.
pub(super) struct Person {
    /// Id of the account that logs in. On Facebook it is made up until somebody does.
    pub(super) key: String,
    pub(super) name: String,
    /// User name, or what sort of account it is.
    pub(super) handle: String,
    pub(super) offers: Vec<Offer>,
}

/// An account that comes with a person: a Page, or an organisation.
pub(super) struct Offer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) handle: String,
}

impl Person {
    fn alone(account: &Account) -> Self {
        let (name, handle) = (account.name.clone(), format!("@{}", account.username));
        Self { key: account.id.clone(), name, handle, offers: Vec::new() }
    }
}

impl Login {
    /// Whether a person chooses among the accounts that come along.
    pub(super) fn lets_choose(self) -> bool {
        self == Self::Facebook
    }
}

/// Everybody who can log in, in the order in which they were made.
pub(super) fn people(state: &State, asked: &Asked) -> Vec<Person> {
    let of = |platform| state.accounts.iter().filter(move |account| account.platform == platform);
    match asked.login {
        Login::Facebook => facebook_people(state, asked),
        Login::Linkedin => linkedin_people(state),
        Login::Instagram => {
            of(Platform::Instagram).filter(|account| instagram::has_own_login(account)).map(Person::alone).collect()
        }
        _ => of(asked.login.platform()).map(Person::alone).collect(),
    }
}

/// One for each person that has a profile or Pages.
fn facebook_people(state: &State, asked: &Asked) -> Vec<Person> {
    let with_instagram = asked.scopes.iter().any(|scope| scope == facebook::INSTAGRAM_SCOPE);
    let of_login = |account: &&Account| account.platform == Platform::Facebook || with_instagram && instagram::has_page(account);
    let mut people: Vec<&str> = Vec::new();
    for account in state.accounts.iter().filter(of_login) {
        if !people.contains(&account.person.as_str()) {
            people.push(&account.person);
        }
    }
    let person = |person: &str| {
        let user = facebook::profile(state, person);
        let offers = facebook::runs(state, person, with_instagram).map(|account| Offer {
            id: account.id.clone(),
            name: account.name.clone(),
            handle: if account.platform == Platform::Instagram {
                format!("Page with @{} on Instagram", account.username)
            } else {
                "Page".to_owned()
            },
        });
        Person {
            key: user.map_or_else(|| format!("of:{person}"), |user| user.id.clone()),
            name: user.map_or_else(|| facebook::profile_name(person), |user| user.name.clone()),
            handle: "Facebook profile".to_owned(),
            offers: offers.collect(),
        }
    };
    people.into_iter().map(person).collect()
}

/// Members with their organisations; an organisation without a member stands for itself.
fn linkedin_people(state: &State) -> Vec<Person> {
    let accounts: Vec<&Account> = state.accounts.iter().filter(|account| account.platform == Platform::Linkedin).collect();
    let organization = |account: &&&Account| account.variant == "organization";
    let belongs = |account: &Account, member: &Account| {
        account.access_token == member.access_token || !account.person.is_empty() && account.person == member.person
    };
    let members = || accounts.iter().filter(|account| account.variant != "organization");
    let of_member = |member: &&&Account| {
        let own = accounts.iter().filter(organization).filter(|account| belongs(account, member));
        let offers =
            own.map(|account| Offer { id: account.id.clone(), name: account.name.clone(), handle: "organisation".to_owned() });
        Person { offers: offers.collect(), handle: "member".to_owned(), ..Person::alone(member) }
    };
    let mut people: Vec<Person> = members().map(|member| of_member(&member)).collect();
    let lonely = accounts.iter().filter(organization).filter(|account| !members().any(|member| belongs(account, member)));
    people.extend(lonely.map(|account| Person { handle: "organisation".to_owned(), ..Person::alone(account) }));
    people
}
