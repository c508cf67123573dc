//! The form of a mailbox: what it shows of an account, and what it says.

use tanggap_channels::email::wire::{Signer, TlsMode};
use tanggap_contacts::identity::Email;
use tanggap_conversations::accounts::AccountInput;
use tanggap_kernel::error::{Check, Invalid};
use tanggap_kernel::{AgencyId, Fault, Locale, Result};
use tanggap_org::door::Fields;
use tanggap_ui::FormState;
use tanggap_ui::ctx::Secrets as Keys;

use super::{CHANNEL, Oauth, Secrets, Server, Settings};
use crate::account;

const IMAP_PORT: u16 = 993;
const FOLDER: &str = "INBOX";

/// The fields that a summary of errors names.
pub(super) const LABELS: &[(&str, &str)] = &[
    ("name", "mailbox-name"),
    ("address", "mailbox-address"),
    ("host", "mailbox-host"),
    ("port", "mailbox-port"),
    ("user", "mailbox-user"),
    ("password_mailbox", "mailbox-password"),
    ("token_url", "mailbox-token-url"),
    ("client_id", "mailbox-client-id"),
    ("password_client", "mailbox-client-secret"),
    ("authority", "mailbox-authority"),
    ("smtp_host", "mailbox-smtp-host"),
    ("smtp_port", "mailbox-port"),
    ("password_dkim", "mailbox-dkim-key"),
];

/// What a new account begins with.
pub(super) fn fresh() -> Settings {
    let imap = Server { host: String::new(), port: IMAP_PORT, tls: TlsMode::Tls };
    Settings { imap, folder: FOLDER.to_owned(), ..Settings::default() }
}

/// The form of an account with these settings.
pub(super) fn filled(locale: Locale, settings: &Settings) -> FormState {
    let ticked = |on| if on { "ya" } else { "" };
    let smtp = settings.smtp.clone().unwrap_or(Server { port: 587, ..Server::default() });
    let oauth = settings.oauth.clone().unwrap_or_default();
    FormState::new(locale)
        .with("host", &settings.imap.host)
        .with("port", settings.imap.port)
        .with("tls", word(settings.imap.tls))
        .with("user", &settings.user)
        .with("folder", &settings.folder)
        .with("only_new", ticked(settings.only_new))
        .with("authserv", &settings.authserv)
        .with("authority", &settings.authority)
        .with("proof", if settings.oauth.is_some() { "oauth" } else { "password" })
        .with("token_url", &oauth.token_url)
        .with("client_id", &oauth.client_id)
        .with("scope", &oauth.scope)
        .with("smtp_host", &smtp.host)
        .with("smtp_port", smtp.port)
        .with("smtp_tls", word(smtp.tls))
        .with("dkim_selector", &settings.dkim_selector)
        .with("reply_tags", ticked(settings.reply_tags))
}

fn word(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Tls => "tls",
        TlsMode::StartTls => "starttls",
        TlsMode::None => "none",
    }
}

fn protection(word: &str) -> TlsMode {
    match word {
        "starttls" => TlsMode::StartTls,
        "none" => TlsMode::None,
        _ => TlsMode::Tls,
    }
}

/// A server as typed; what is wrong is told at its fields.
fn server(check: &mut Check, fields: &Fields, prefix: &str) -> Server {
    let name = |field: &str| format!("{prefix}{field}");
    let host = fields.get(&name("host")).trim().to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:_".contains(c);
    let (host_field, port_field) = match prefix {
        "" => ("host", "port"),
        _ => ("smtp_host", "smtp_port"),
    };
    if host.is_empty() {
        check.push(Invalid::new(host_field, "ui-invalid-required"));
    } else if !host.chars().all(plain) {
        check.push(Invalid::new(host_field, "mailbox-invalid-host"));
    }
    let port = fields.get(&name("port")).trim().parse().unwrap_or(0);
    check.require(port > 0, port_field, "ui-invalid-number");
    Server { host, port, tls: protection(fields.get(&name("tls"))) }
}

fn tokens(check: &mut Check, fields: &Fields) -> Oauth {
    let oauth = Oauth {
        token_url: fields.get("token_url").trim().to_owned(),
        client_id: fields.get("client_id").trim().to_owned(),
        scope: fields.get("scope").trim().to_owned(),
    };
    // A secret goes there: in the clear only to this machine itself.
    let here = ["http://127.0.0.1", "http://localhost"].iter().any(|begin| {
        let rest = oauth.token_url.strip_prefix(begin);
        rest.is_some_and(|rest| rest.starts_with([':', '/']) && !rest.contains('@'))
    });
    let is_safe = here || oauth.token_url.starts_with("https://");
    check.require(is_safe, "token_url", "mailbox-invalid-url");
    check.require(!oauth.client_id.is_empty(), "client_id", "ui-invalid-required");
    oauth
}

/// The secrets over what was known: one that was left empty stays as it was, but never goes to
/// a server that its owner did not type it for.
fn secrets(check: &mut Check, fields: &Fields, new: &Settings, known: Known) -> Secrets {
    let (old, mut secrets) = known;
    let servers = |of: &Settings| (of.imap.host.clone(), of.smtp.clone().map(|smtp| smtp.host));
    let place = |of: &Settings| of.oauth.clone().map(|oauth| oauth.token_url);
    let moved = servers(&old) != servers(new) && !old.imap.host.is_empty();
    let asked_elsewhere = place(&old) != place(new) && old.oauth.is_some();
    if moved {
        secrets.password.clear();
    }
    if asked_elsewhere {
        (secrets.client_secret, secrets.refresh_token) = Default::default();
    }
    let take = |field: &str, secret: &mut String| {
        if !fields.get(field).is_empty() {
            fields.get(field).clone_into(secret);
        }
    };
    take("password_mailbox", &mut secrets.password);
    take("password_client", &mut secrets.client_secret);
    take("password_refresh", &mut secrets.refresh_token);
    take("password_dkim", &mut secrets.dkim_key);
    if new.dkim_selector.is_empty() {
        secrets.dkim_key.clear();
    } else if Signer::new("contoh.id", &new.dkim_selector, &secrets.dkim_key).is_err() {
        check.push(Invalid::new("password_dkim", "mailbox-invalid-dkim"));
    }
    let again = |changed| if changed { "mailbox-invalid-again" } else { "ui-invalid-required" };
    match new.oauth {
        None => {
            let there = !secrets.password.is_empty();
            check.require(there, "password_mailbox", again(moved));
        }
        Some(_) => {
            let there = !secrets.client_secret.is_empty() || !secrets.refresh_token.is_empty();
            check.require(there, "password_client", again(asked_elsewhere));
        }
    }
    secrets
}

type Known = (Settings, Secrets);

/// What a form says, over what was known.
///
/// # Errors
/// [`tanggap_kernel::Refusal::Invalid`], or a fault of the system.
pub(super) fn input(
    keys: &Keys,
    agency: AgencyId,
    fields: &Fields,
    known: Known,
) -> Result<AccountInput> {
    let mut check = Check::new();
    let address = fields.get("address").trim();
    check.require(Email::parse(address).is_ok(), "address", "ui-invalid-email");
    let user = match fields.get("user").trim() {
        "" => address,
        user => user,
    };
    let authority = fields.get("authority").trim();
    let is_pem = authority.is_empty() || authority.contains("-----BEGIN CERTIFICATE-----");
    check.require(is_pem, "authority", "mailbox-invalid-authority");
    let folder = match fields.get("folder").trim() {
        "" => FOLDER,
        folder => folder,
    };
    let sends = !fields.get("smtp_host").trim().is_empty();
    let settings = Settings {
        imap: server(&mut check, fields, ""),
        smtp: sends.then(|| server(&mut check, fields, "smtp_")),
        user: user.to_owned(),
        folder: folder.to_owned(),
        only_new: fields.is_on("only_new"),
        authority: authority.to_owned(),
        authserv: fields.get("authserv").trim().to_owned(),
        reply_tags: fields.is_on("reply_tags"),
        dkim_selector: fields.get("dkim_selector").trim().to_owned(),
        oauth: (fields.get("proof") == "oauth").then(|| tokens(&mut check, fields)),
    };
    let secrets = secrets(&mut check, fields, &settings, known);
    check.done()?;
    let settings =
        serde_json::to_string(&settings).map_err(|e| Fault::new(format!("settings: {e}")))?;
    Ok(AccountInput {
        channel: CHANNEL,
        name: fields.get("name").to_owned(),
        address: address.to_lowercase(),
        settings,
        secrets: account::seal(keys, agency, &secrets)?,
        active: fields.is_on("active"),
    })
}
