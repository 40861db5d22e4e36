//! Keys are rotated while the system runs: everything is sealed anew, nothing that is newer is overwritten.

use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use migrations::rotate::{Rotation, rotate};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use shared::content::PlatformId;
use shared::entity::{account, connection, oauth_state};
use shared::ids::{AccountId, ConnectionId};
use shared::secret::{KeyRing, key_of};
use shared::store::job_steps::{Intent, StepChange, StepWrite};
use shared::store::renewals::{self, NewGrant};
use shared::store::sealed::{COLUMNS, Column, Sealed, count_others, replace_many};
use shared::store::{accounts, connections, job_steps, oauth_states, runs};
use tests::Stack;

/// The key of the harness, see `tests::stack::settings`.
const OLD: &str = "k1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const NEW: &str = "k_2:CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

fn ring(keys: &[&str]) -> KeyRing {
    KeyRing::parse(&keys.join(",")).expect("the test's keys are good")
}

/// The column of a table.
fn column(table: &str) -> &'static Column {
    COLUMNS.iter().find(|column| column.table == table).expect("the table has one")
}

/// Rotates to the new key; gives what was told and how it ended.
async fn rotate_to_new(stack: &Stack, dry_run: bool) -> (Vec<String>, anyhow::Result<()>) {
    let keys = ring(&[NEW, OLD]);
    let mut told = Vec::new();
    let say = &mut |line: String| told.push(line);
    let ended = rotate(Rotation { db: &stack.app.db, keys: &keys, now: stack.app.clock.now(), dry_run, say }).await;
    (told, ended)
}

async fn row(stack: &Stack, id: &AccountId) -> anyhow::Result<account::Model> {
    Ok(accounts::get(&*stack.app.db, &stack.workspace, id).await?)
}

/// A login under way and one that came back, sealed by the old key.
async fn insert_logins(stack: &Stack) -> anyhow::Result<(oauth_state::Model, connection::Model)> {
    let (now, keys) = (stack.app.clock.now(), ring(&[OLD]));
    let hour = now.plus(std::time::Duration::from_secs(3600));
    let state = oauth_state::Model {
        state_hash: "a-hash".to_owned(),
        workspace_id: stack.workspace.clone(),
        person: "ada".to_owned(),
        platform: PlatformId::X,
        variant: String::new(),
        account_id: None,
        secret_sealed: keys.seal(b"a verifier", "oauth_states:secret_sealed:a-hash")?,
        created_at: now,
        expires_at: hour,
        used_at: None,
    };
    let id = ConnectionId::generate();
    let login = connection::Model {
        candidates_sealed: connections::seal(&keys, &id, b"candidates")?,
        id,
        workspace_id: stack.workspace.clone(),
        person: "ada".to_owned(),
        platform: PlatformId::X,
        account_id: None,
        created_at: now,
        expires_at: hour,
    };
    oauth_states::insert(&*stack.app.db, state.clone()).await?;
    connections::insert(&*stack.app.db, login.clone()).await?;
    Ok((state, login))
}

#[tokio::test]
async fn after_a_rotation_a_ring_without_the_old_key_opens_everything() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (state, login) = insert_logins(&stack).await?;
    let before = row(&stack, &stack.x).await?;
    let grant = accounts::open_grant(&ring(&[OLD]), &before)?;
    let alone = ring(&[NEW]);

    let (told, ended) = rotate_to_new(&stack, false).await;

    ended.with_context(|| told.join("\n"))?;
    for platform in PlatformId::ALL {
        accounts::open_grant(&alone, &row(&stack, stack.account(*platform)).await?)?;
    }
    let after = row(&stack, &stack.x).await?;
    assert_eq!(accounts::open_grant(&alone, &after)?, grant);
    assert_eq!((after.grant_no, after.updated_at), (before.grant_no, before.updated_at), "it is the same grant");
    let login = connections::find(&*stack.app.db, &stack.workspace, &login.id, stack.app.clock.now()).await?;
    assert_eq!(connections::open(&alone, &login.context("the login")?)?, b"candidates");
    let state = oauth_states::claim(&*stack.app.db, &state.state_hash, stack.app.clock.now()).await?.context("the state")?;
    assert_eq!(alone.open(&state.secret_sealed, &column("oauth_states").place(&state.state_hash))?, b"a verifier");
    let told = told.join("\n");
    assert!(told.contains("accounts.grant_sealed: 6 sealed anew with k_2, 0 changed meanwhile, 0 remain"), "{told}");
    assert!(told.contains("no running job needs the key k1"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_tells_what_is_to_be_done_and_changes_nothing() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let before = row(&stack, &stack.x).await?;

    let (told, ended) = rotate_to_new(&stack, true).await;

    ended?;
    assert!(told.contains(&"accounts.grant_sealed: 6 to be sealed anew with k_2".to_owned()), "{told:?}");
    assert_eq!(row(&stack, &stack.x).await?, before);
    Ok(())
}

/// How often each grant is renewed while the keys are rotated.
const RENEWALS: usize = 10;

/// Renews accounts' grants as workers do, every other time as one that still has the old ring; gives the last of each.
async fn renew_often(stack: Arc<Stack>, ids: Vec<AccountId>) -> anyhow::Result<Vec<(AccountId, Vec<u8>)>> {
    let rings = [ring(&[OLD]), ring(&[NEW, OLD])];
    let mut last = Vec::new();
    for n in 0..RENEWALS {
        last.clear();
        for id in &ids {
            let grant = format!("{{\"type\":\"bearer\",\"access_token\":\"{id} {n}\"}}").into_bytes();
            let read = row(&stack, id).await?;
            let sealed = accounts::seal_grant(&rings[n % 2], id, &grant)?;
            let new = NewGrant { sealed, scopes: None, expires_at: None, renewal_expires_at: None, renew_at: None };
            let stored = renewals::store(&stack.app.db, &read, &new, stack.app.clock.now()).await?;
            anyhow::ensure!(stored.is_some(), "a rotation is no new grant");
            last.push((id.clone(), grant));
        }
    }
    Ok(last)
}

#[tokio::test]
async fn grants_that_are_renewed_meanwhile_are_never_overwritten() -> anyhow::Result<()> {
    let stack = Arc::new(Stack::start().await?);
    let mut ids: Vec<AccountId> = PlatformId::ALL.iter().map(|platform| stack.account(*platform).clone()).collect();
    for _ in 0..54 {
        ids.push(tests::stack::connect(&stack.app, &stack.sandbox, &stack.workspace, (PlatformId::X, "")).await?);
    }
    let renewing: Vec<_> = ids.chunks(20).map(|ids| tokio::spawn(renew_often(Arc::clone(&stack), ids.to_vec()))).collect();

    let mut told = Vec::new();
    while renewing.iter().any(|task| !task.is_finished()) {
        let (lines, ended) = rotate_to_new(&stack, false).await;
        ended?;
        told.extend(lines);
    }
    let (_, ended) = rotate_to_new(&stack, false).await;

    ended?;
    for task in renewing {
        for (id, grant) in task.await?? {
            let kept = accounts::open_grant(&ring(&[NEW]), &row(&stack, &id).await?)?;
            assert_eq!(kept, grant, "{id} has the last of its grants");
        }
    }
    told.retain(|line| line.starts_with("accounts") && !line.contains(" 0 sealed anew"));
    println!("{}", told.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_grant_that_changed_since_it_was_read_is_left_alone() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let keys = ring(&[NEW, OLD]);
    let read = row(&stack, &stack.x).await?;
    let old = Sealed { id: read.id.to_string(), text: read.grant_sealed.clone() };
    let renewed = accounts::seal_grant(&keys, &stack.x, b"a newer grant")?;
    let mut changed = read.into_active_model();
    changed.grant_sealed = Set(renewed.clone());
    changed.update(&*stack.app.db).await?;

    let change = (old, accounts::seal_grant(&keys, &stack.x, b"the older grant")?);
    let replaced = replace_many(&stack.app.db, column("accounts"), &[change]).await?;

    assert_eq!((replaced, row(&stack, &stack.x).await?.grant_sealed), (0, renewed));
    Ok(())
}

#[tokio::test]
async fn a_row_that_can_t_be_opened_is_named_and_the_rest_is_rotated() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let lost = ring(&["k0:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]);
    let mut broken = row(&stack, &stack.x).await?.into_active_model();
    broken.grant_sealed = Set(accounts::seal_grant(&lost, &stack.x, b"out of reach")?);
    broken.update(&*stack.app.db).await?;

    let (told, ended) = rotate_to_new(&stack, false).await;

    assert!(ended.is_err());
    let line = told.iter().find(|line| line.contains(stack.x.as_str())).context("the row is named")?;
    assert!(line.contains("sealed by key k0") && line.contains("not in the key ring"), "{line}");
    assert_eq!(count_others(&*stack.app.db, column("accounts"), "k_2").await?, 1);
    assert_eq!(key_of(&row(&stack, &stack.facebook).await?.grant_sealed), Some("k_2"));
    Ok(())
}

#[tokio::test]
async fn an_old_key_is_kept_until_the_journal_needs_it_no_more() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let job = stack.submit_text(PlatformId::X, "under way").await?;
    let now = stack.app.clock.now();
    let claimed = runs::claim_batch(&stack.app.db, std::slice::from_ref(&job), "test", now, now).await?.remove(0);
    let claim_no = claimed.context("the claim")?.claim_no;
    let output = format!("{{\"url\":\"{}\"}}", ring(&[OLD]).seal(b"https://upload.example", "job_steps:output:x")?);
    let intent = StepChange::Intend(Intent { first_at: now, at: now, sends: 1, looks: 0 });
    let done = StepChange::Done(output);
    for change in [intent, done] {
        let write = StepWrite { job: job.clone(), claim_no, name: "upload".to_owned(), change, progress: 0, event: None };
        assert_eq!(job_steps::write_batch(&stack.app.db, &[write], now, now).await?, [true]);
    }

    let (told, ended) = rotate_to_new(&stack, false).await;

    ended?;
    let until = now.plus(std::time::Duration::from_secs(8 * 86_400));
    let wanted = format!("journal: 1 steps hold addresses sealed by the key k1: keep it until {until}");
    assert!(told.contains(&wanted), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn the_command_ends_with_an_error_when_a_row_can_t_be_opened() -> anyhow::Result<()> {
    let system = tests::System::start().await?;
    let own = std::env::current_exe()?;
    let migrate = own.parent().and_then(|deps| deps.parent()).context("the folder of built programs")?.join("migrate");
    let run = |keys: &str| {
        Command::new(&migrate)
            .arg("rotate-keys")
            .env("DATABASE_URL", system.setting("DATABASE_URL"))
            .env("PRESSROOM_KEYS", keys)
            .output()
    };

    let without = run(NEW)?;
    let with = run(&format!("{NEW},{OLD}"))?;
    let again = run(NEW)?;

    assert_eq!((without.status.success(), with.status.success(), again.status.success()), (false, true, true));
    let (told, error) = (String::from_utf8(without.stdout)?, String::from_utf8(without.stderr)?);
    assert!(told.contains(system.x.as_str()) && error.contains("6 rows can't be opened"), "{told}\n{error}");
    let row = accounts::get(&*system.app.db, &system.workspace, &system.x).await?;
    accounts::open_grant(&ring(&[NEW]), &row)?;
    Ok(())
}
