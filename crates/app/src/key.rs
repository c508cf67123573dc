//! The master key: from the environment or its file, and the mark by which the database knows it.
//!
//! A key that is missing is made for an empty database only. One that holds agencies was used
//! with another, from which the secrets of accounts, PINs and authenticators come: without it,
//! or with a wrong one, nothing is opened until the right one is back or somebody begins anew
//! and knows what is lost ([`losses`], [`begin_anew`]).

use std::io::{Read, Write};
use std::path::Path;

use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Fault, Result, params};
use tanggap_store::{Db, Tx, sql};
use tanggap_ui::ctx::{Secrets, random};

/// Where the master key may come from instead of a file: 64 hexadecimal digits.
pub const VARIABLE: &str = "TANGGAP_MASTER_KEY";
/// The key's file in the data folder.
pub const FILE: &str = "master.key";

/// What every message about a key that does not fit ends with.
const WAYS_OUT: &str = "put the right one back (it is kept apart from the backups), or begin \
                        anew with `tanggap admin new-key`, which names what is lost by that";
/// Channels that have sealed secrets.
const CHANNELS: [&str; 8] =
    ["email", "sms", "whatsapp", "telegram", "messenger", "instagram", "x", "webchat"];

sql! {
    MARK = "select value from installation where name = 'key'";
    SET_MARK = "insert into installation (name, value) values ('key', $1)
        on conflict (name) do update set value = excluded.value";
    WITH_TOTP = @scan("once, when the master key is lost") "select id from users
        where agency_id = $1 and totp_salt is not null";
}

/// The key from which all others are derived, made where there is none: for a database that is
/// known to be empty.
///
/// # Errors
/// A fault where it cannot be read or is no key.
pub fn find_or_make(data: &Path) -> Result<[u8; 32], Fault> {
    find(data)?.map_or_else(|| make(&data.join(FILE)), Ok)
}

/// The key from the environment or from its file, where there is one.
///
/// # Errors
/// A fault where it cannot be read or is no key.
pub fn find(data: &Path) -> Result<Option<[u8; 32]>, Fault> {
    if let Ok(text) = std::env::var(VARIABLE) {
        return parse(&text).ok_or_else(|| no_key(VARIABLE)).map(Some);
    }
    let path = data.join(FILE);
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", path.display()));
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(wrong)?;
            parse(&text).ok_or_else(|| no_key(&path.to_string_lossy())).map(Some)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(wrong(e)),
    }
}

/// Writes a new key. Two processes that start at once both read the one that came first: the
/// whole key is linked into place.
fn make(path: &Path) -> Result<[u8; 32], Fault> {
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", path.display()));
    let key: [u8; 32] = random()?;
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(wrong)?;
    file.write_all(format!("{}\n", hex::encode(key)).as_bytes()).map_err(wrong)?;
    file.sync_all().map_err(wrong)?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(wrong)?;
    match linked {
        Ok(()) => Ok(key),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(path).map_err(wrong)?;
            parse(&text).ok_or_else(|| no_key(&path.to_string_lossy()))
        }
        Err(e) => Err(wrong(e)),
    }
}

#[track_caller]
fn no_key(place: &str) -> Fault {
    Fault::new(format!("{place} holds no master key, which is 64 hexadecimal digits"))
}

fn parse(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.trim()).ok()?.try_into().ok()
}

/// What the database keeps of a key; the key cannot be had from it.
#[must_use]
pub fn mark(secrets: &Secrets) -> [u8; 32] {
    secrets.mac("master-key-mark", &[])
}

/// The mark of the key with which the database is used, where one was noted.
///
/// # Errors
/// A fault of the engine.
pub fn noted(tx: &mut Tx<'_>) -> Result<Option<Vec<u8>>, Fault> {
    tx.opt(&MARK, params![], |row| row.bytes())
}

/// What is wrong with `secrets` for this database; nothing where they are its own, or where it
/// is empty or noted no mark yet.
///
/// # Errors
/// A fault of the engine.
pub fn problem(tx: &mut Tx<'_>, secrets: Option<&Secrets>) -> Result<Option<String>> {
    let noted = noted(tx)?;
    if tanggap_org::agencies(tx)?.is_empty() {
        return Ok(None);
    }
    Ok(match (secrets, noted) {
        (None, _) => Some(format!("the master key of this database is missing: {WAYS_OUT}")),
        (Some(secrets), Some(noted)) if noted != mark(secrets) => {
            Some(format!("the master key is not that of this database: {WAYS_OUT}"))
        }
        _ => None,
    })
}

/// The secrets with which this database may be used; a key is made where the database is empty.
///
/// # Errors
/// A fault where the key is missing, wrong or cannot be read.
pub async fn settle(db: &Db, data: &Path) -> Result<Secrets> {
    let found = find(data)?.map(Secrets::new);
    let looked_at = found.clone();
    let problem = db.read(move |tx| problem(tx, looked_at.as_ref())).await?;
    if let Some(problem) = problem {
        return Err(Fault::new(problem).into());
    }
    let secrets = match found {
        Some(secrets) => secrets,
        None => Secrets::new(find_or_make(data)?),
    };
    let mark = mark(&secrets);
    let noted = db.read(|tx| Ok(noted(tx)?)).await?;
    if noted.is_none_or(|noted| noted != mark) {
        match db.write(move |tx| Ok(tx.put(&SET_MARK, params![mark.as_slice()])?)).await {
            // A full disk keeps nobody from reading; a later start notes it.
            Err(Error::Fault(fault)) if fault.kind == FaultKind::Full => {}
            done => done?,
        }
    }
    Ok(secrets)
}

/// What is sealed with the key or made from it, and lost without it.
#[derive(Debug, Default)]
pub struct Losses {
    /// Agencies, with the accounts whose passwords and tokens have to be entered anew.
    pub accounts: Vec<(String, Vec<String>)>,
    /// People whose authenticator has to be set up anew.
    pub authenticators: usize,
}

/// Names what beginning anew with another key loses.
///
/// # Errors
/// A fault of the engine.
pub fn losses(tx: &mut Tx<'_>) -> Result<Losses> {
    let mut losses = Losses::default();
    for agency in tanggap_org::agencies(tx)? {
        let access = Access::system(agency.id);
        let sealed = accounts::all(tx, &access)?.into_iter().filter(|a| !a.secrets.is_empty());
        let names: Vec<String> = sealed.map(|a| format!("{} ({})", a.name, a.channel)).collect();
        if !names.is_empty() {
            losses.accounts.push((agency.name, names));
        }
        losses.authenticators += with_totp(tx, &access)?.len();
    }
    Ok(losses)
}

fn with_totp(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<UserId>, Fault> {
    tx.all(&WITH_TOTP, params![access.agency_id], |row| row.int())
}

/// Lets the database be used with `secrets` from now on: accounts lose what cannot be unsealed
/// and are switched off, authenticators are taken off, all in one transaction.
///
/// # Errors
/// A fault of the engine.
pub async fn begin_anew(db: &Db, secrets: &Secrets) -> Result<()> {
    let mark = mark(secrets);
    db.write(move |tx| {
        for agency in tanggap_org::agencies(tx)? {
            forget_sealed(tx, &Access::system(agency.id))?;
        }
        Ok(tx.put(&SET_MARK, params![mark.as_slice()])?)
    })
    .await
}

fn forget_sealed(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    for account in accounts::all(tx, access)?.into_iter().filter(|a| !a.secrets.is_empty()) {
        let channel = CHANNELS.into_iter().find(|name| *name == account.channel);
        let channel = channel
            .ok_or_else(|| Fault::new(format!("{}: no channel with secrets", account.channel)))?;
        let input = AccountInput {
            channel,
            name: account.name,
            address: account.address,
            settings: account.settings,
            secrets: Vec::new(),
            active: false,
        };
        accounts::update(tx, access, account.id, account.version, &input)?;
    }
    for user in with_totp(tx, access)? {
        tanggap_org::actions::reset_totp(tx, access, user)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = find_or_make(folder.path()).unwrap();
        assert_eq!(find_or_make(folder.path()).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
        std::fs::write(folder.path().join(FILE), "bukan kunci").unwrap();
        assert!(find_or_make(folder.path()).is_err());
    }
}
