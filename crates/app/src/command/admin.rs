//! `tanggap admin`: the first agency and its administrator, and tokens.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tanggap_calendar::Zone;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Clock, Fault, Locale, Refusal, Result};
use tanggap_org::actions::{NewToken, token_hash, token_secret};
use tanggap_org::{NewAgency, NewUser, Role, RoleGrant, TokenScope, password};
use tanggap_store::Db;
use tanggap_ui::ctx::{Secrets, random};

use crate::config::Config;
use crate::{key, node};

/// Where the password may come from instead of being asked for.
const PASSWORD_VARIABLE: &str = "TANGGAP_ADMIN_PASSWORD";

#[derive(Subcommand)]
pub(super) enum Admin {
    /// Make an administrator, and the agency where it is new
    Create(Create),
    /// Issue a token for programs; only the token is printed
    Token(Token),
    /// Begin anew with the master key that is here, or a new one, where the database's is lost
    NewKey {
        /// Do it: without this what would be lost is named and nothing is changed
        #[arg(long)]
        confirm: bool,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// Full name of an agency to make, such as "Pemerintah Kabupaten Contoh"
    #[arg(long, value_name = "NAME", conflicts_with = "slug")]
    agency: Option<String>,
    /// An agency that is there already, by its name in addresses; without this and --agency: the
    /// oldest
    #[arg(long, value_name = "SLUG")]
    slug: Option<String>,
    /// Time zone of a new agency's offices: WIB, WITA or WIT
    #[arg(long, default_value = "WIB")]
    zone: Zone,
    /// The administrator's address, by which they sign in; asked for where it is missing
    #[arg(long)]
    email: Option<String>,
    /// The administrator's name; asked for where it is missing
    #[arg(long)]
    name: Option<String>,
    /// A file whose first line is the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Make a password, print it, and have it changed at the first sign-in
    #[arg(long, conflicts_with = "password_file")]
    generate_password: bool,
    /// Let them add further agencies, as the administrator of the first agency always may
    #[arg(long)]
    host: bool,
}

#[derive(Args)]
pub(super) struct Token {
    /// What it may do, separated by commas: cases:read, cases:write, identity:read, board:read,
    /// org:read
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPES")]
    scope: Vec<String>,
    /// Whose cases, by the agency's name in addresses; without it the oldest agency, which is
    /// made where there is none
    #[arg(long, value_name = "SLUG")]
    agency: Option<String>,
    /// What the token is for
    #[arg(long, default_value = "tanggap admin token")]
    name: String,
}

pub(super) async fn run(config: &Config, command: Admin) -> Result<()> {
    match command {
        Admin::Create(args) => create(config, args).await,
        Admin::Token(args) => token(config, args).await,
        Admin::NewKey { confirm } => new_key(config, confirm).await,
    }
}

async fn new_key(config: &Config, confirm: bool) -> Result<()> {
    let found = key::find(&config.data)?.map(Secrets::new);
    let db = Db::open(config.engine(), Clock::System, true).await?;
    if db.read(move |tx| key::problem(tx, found.as_ref())).await?.is_none() {
        note!("the master key is that of this database: there is nothing to do");
        return Ok(());
    }
    name_losses(&db).await?;
    if !confirm {
        return Err(Fault::new("nothing was changed: to do it add --confirm").into());
    }
    let secrets = Secrets::new(key::find_or_make(&config.data)?);
    key::begin_anew(&db, &secrets).await?;
    note!("the database is used with this master key from now on: keep a copy of it apart");
    db.close().await
}

/// Names what is lost with a master key.
pub(super) async fn name_losses(db: &Db) -> Result<()> {
    let losses = db.read(key::losses).await?;
    note!("lost without the old master key:");
    for (agency, accounts) in &losses.accounts {
        note!("- {agency}: passwords and tokens of {}", accounts.join(", "));
        note!("  (these accounts are switched off until they are entered anew)");
    }
    match losses.authenticators {
        0 => {}
        n => note!("- authenticators of {n} people: they are taken off, to be set up anew"),
    }
    note!("- all PINs: reporters get a new one by a code to their address, or from staff");
    note!("- links in letters sent so far, and secrets that sites with our chat were given");
    note!("- exported heads are believed only by their own public key (audit verify --key)");
    Ok(())
}

async fn create(config: &Config, args: Create) -> Result<()> {
    let ctx = node::open(config, true).await?;
    let is_first = ctx.db.read(tanggap_org::agencies).await?.is_empty();
    let name = match args.agency {
        None if is_first && args.slug.is_none() => Some(ask("Full name of the agency: ")?),
        given => given,
    };
    let email = args.email.map_or_else(|| ask("The administrator's e-mail: "), Ok)?;
    let person = args.name.map_or_else(|| ask("The administrator's name: "), Ok)?;
    let is_temporary = args.generate_password;
    let secret = match is_temporary {
        true => password::made()?,
        false => read_password(args.password_file.as_deref())?,
    };
    if let Some(problem) = password::problem(&secret, &email) {
        let invalid = Invalid::new("password", problem).arg("min", password::LENGTH_MIN);
        return Err(Refusal::Invalid(vec![invalid]).into());
    }
    // Whoever sets up the first agency adds the others.
    let roles: &[Role] = match is_first || args.host {
        true => &[Role::Administrator, Role::Host],
        false => &[Role::Administrator],
    };
    let user = NewUser {
        email: email.clone(),
        name: person,
        title: String::new(),
        unit_id: None,
        password_hash: password::hash_now(&secret)?,
        is_temporary,
        locale: Locale::Id,
        roles: roles.iter().map(|&role| RoleGrant { role, unit_id: None }).collect(),
    };
    let (new, slug) = (name.map(|name| NewAgency::named(name, args.zone)), args.slug);
    ctx.db
        .write(move |tx| {
            let agency = match &new {
                Some(new) => tanggap_org::create_agency(tx, new)?,
                None => super::agency(tx, slug.as_deref())?,
            };
            tanggap_org::create_user(tx, &Access::system(agency), &user)
        })
        .await?;
    note!("{email} may sign in as administrator");
    if is_temporary {
        say!("{secret}");
    }
    Ok(())
}

async fn token(config: &Config, args: Token) -> Result<()> {
    let scopes = args.scope.iter().map(|word| {
        TokenScope::parse(word.trim())
            .ok_or_else(|| Fault::new(format!("{word} is none of the scopes; see --help")))
    });
    let scopes: Vec<TokenScope> = scopes.collect::<Result<_, _>>()?;
    let secret = token_secret(random()?);
    let new =
        NewToken { name: args.name, scopes, secret_hash: token_hash(&secret), expires_at: None };
    let ctx = node::open(config, true).await?;
    let slug = args.agency;
    ctx.db
        .write(move |tx| {
            let agency = super::agency(tx, slug.as_deref())?;
            tanggap_org::create_token(tx, &Access::system(agency), &new)
        })
        .await?;
    say!("{secret}");
    Ok(())
}

/// From the file, the environment, or the terminal (asked twice, not shown).
fn read_password(file: Option<&Path>) -> Result<String, Fault> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Fault::new(format!("{}: {e}", path.display())))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        return ask("");
    }
    show_typing(false);
    let typed = ask("Password: ").and_then(|first| Ok((first, ask("\nOnce more: ")?)));
    show_typing(true);
    note!("");
    match typed? {
        (first, second) if first == second => Ok(first),
        _ => Err(Fault::new("the two passwords differ")),
    }
}

fn ask(question: &str) -> Result<String, Fault> {
    let wrong = |e: std::io::Error| Fault::new(format!("reading an answer: {e}"));
    eprint!("{question}");
    std::io::stderr().flush().map_err(wrong)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(wrong)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Lets the terminal show what is typed, or not. Where there is no `stty` it is shown.
fn show_typing(shown: bool) {
    let word = if shown { "echo" } else { "-echo" };
    let _ = std::process::Command::new("stty").arg(word).status();
}
