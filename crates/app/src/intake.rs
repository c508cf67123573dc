//! Takes in what an adapter understood: a citizen's message becomes part of a talk (and of the
//! case that the talk belongs to), a receipt a word on a message of ours.
//!
//! Files are kept before the transaction, so that the words that name them never wait for a
//! provider, and nothing is stored twice: the provider's id names the message.

use bytes::Bytes;
use tanggap_cases::talking::{self, Heard, Order, Taken};
use tanggap_channels::exchange::{FileSource, InFile, InKind, InMessage, InReceipt, PeerKind};
use tanggap_contacts::NewContact;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_conversations::files::{self, OCTETS, Prepared, Scanner};
use tanggap_conversations::{Account, NewAttachment, window};
use tanggap_kernel::{Access, Error, Locale, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_ui::{Arg, Ctx, t, t_args};

use crate::work::outbound::receipts;

const NAME_MAX: usize = 200;
/// The largest file that is taken from a provider, in bytes.
pub const FILE_BYTES_MAX: usize = 64 << 20;

/// Takes in a message that reached `account`; `None`: it was here before.
///
/// Files that are still at the provider must have been fetched before: one that could not be is
/// named in the text.
///
/// # Errors
/// A fault of the engine or of the files; never because of what the message says.
pub async fn take_in(
    ctx: &Ctx,
    account: &Account,
    message: InMessage,
    raw: Option<&str>,
    scanner: Option<&Scanner>,
) -> Result<Option<Taken>> {
    take_order(ctx, account, message, raw, scanner, (None, |_, _| Ok(()))).await
}

/// The same for a message that may ask the program for something, which is done in the same
/// commit.
///
/// # Errors
/// As [`take_in`], and what `then` refuses.
pub async fn take_order(
    ctx: &Ctx,
    account: &Account,
    message: InMessage,
    raw: Option<&str>,
    scanner: Option<&Scanner>,
    (order, then): (Option<Order>, impl Fn(&mut Tx<'_>, &Taken) -> Result<()> + Send + 'static),
) -> Result<Option<Taken>> {
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    let mut message = message;
    for file in std::mem::take(&mut message.files) {
        match keep(ctx, file, scanner).await? {
            Ok(file) => kept.push(file),
            Err(name) => lost.push(name),
        }
    }
    let text = words_of(&message, &lost);
    let from = who(account, &message);
    let (account, raw) = (account.clone(), raw.map(str::to_owned));
    let external_id = format!("{}:{}:{}", account.channel, account.id, message.external_id);
    ctx.db
        .write(move |tx| {
            let now = tx.now();
            // A provider's clock may run ahead; nobody writes later than now.
            let at = message.at.map_or(now, Timestamp::from_micros).min(now);
            let heard = Heard {
                account: Some(account.id),
                channel: &account.channel,
                thread: &message.thread,
                from: from.clone(),
                subject: "",
                text: &text,
                files: &kept,
                external_id: &external_id,
                raw: raw.as_deref(),
                at,
                window_until: window::until(&account.channel, message.public, at),
                order,
            };
            let taken = talking::hear(tx, &Access::system(account.agency_id), &heard)?;
            if let Some(taken) = &taken {
                then(tx, taken)?;
            }
            Ok(taken)
        })
        .await
}

/// Keeps a file; gives its name back where its bytes are not here.
async fn keep(
    ctx: &Ctx,
    file: InFile,
    scanner: Option<&Scanner>,
) -> Result<Result<NewAttachment, String>> {
    let name = file.name.unwrap_or_else(|| t(Locale::Id, "talk-file-nameless").into_owned());
    let FileSource::Bytes(bytes) = file.source else { return Ok(Err(name)) };
    let bytes = Bytes::from(bytes);
    match files::take(&ctx.blobs, bytes.clone(), name.clone(), FILE_BYTES_MAX, scanner).await {
        Ok(kept) => Ok(Ok(kept)),
        // What an upload refuses (empty, unreadable) is kept as it came: nobody can be asked.
        Err(Error::Refused(_)) => {
            let prepared = Prepared { name, media_type: OCTETS, bytes, thumbnail: None };
            Ok(Ok(files::keep(&ctx.blobs, prepared, None).await?))
        }
        Err(other) => Err(other),
    }
}

/// What is shown of a message: its words, and in words what has none.
fn words_of(message: &InMessage, lost: &[String]) -> String {
    let mut text = match &message.kind {
        InKind::Unknown { name } => {
            let kind = t_args(Locale::Id, "talk-kind-unknown", &[("kind", name.as_str().into())]);
            [kind.as_ref(), message.text.trim()].join("\n").trim().to_owned()
        }
        InKind::Edit => with("talk-kind-edit", &message.text),
        InKind::Reaction if message.text.is_empty() => words("talk-kind-reaction-gone"),
        InKind::Reaction => with("talk-kind-reaction", &message.text),
        InKind::Deletion => words("talk-kind-deletion"),
        InKind::Words | InKind::Choice { .. } => message.text.trim().to_owned(),
    };
    for name in lost {
        text.push_str(&format!("\n{}", with("talk-file-lost", name)));
    }
    match text.trim() {
        "" if message.files.is_empty() => words("talk-kind-empty"),
        said => said.to_owned(),
    }
}

fn words(key: &str) -> String {
    t(Locale::Id, key).into_owned()
}

fn with(key: &str, text: &str) -> String {
    t_args(Locale::Id, key, &[("text", Arg::from(text.trim()))]).into_owned()
}

/// Who wrote, as far as the channel vouches for it.
fn who(account: &Account, message: &InMessage) -> Option<NewContact> {
    let peer = &message.from;
    let name: String =
        peer.name.as_deref().unwrap_or_default().trim().chars().take(NAME_MAX).collect();
    let mut contact = NewContact { name, ..NewContact::default() };
    match peer.kind {
        _ if peer.value.is_empty() => return None,
        PeerKind::Phone => {
            // A short code or a sender's name in letters is nobody's telephone.
            let plus = format!("+{}", peer.value.trim_start_matches('+'));
            let phone = Phone::parse(&plus).or_else(|_| Phone::parse(&peer.value));
            contact.phone = phone.ok().map(|phone| phone.e164().to_owned());
            contact.handle = Some(format!("{}:{}", account.channel, peer.value));
        }
        PeerKind::Email => {
            contact.email = Email::parse(&peer.value).ok().map(|email| email.as_str().to_owned());
        }
        PeerKind::Handle => {
            contact.handle = Some(format!("{}:{}", account.channel, peer.value));
        }
    }
    Some(contact)
}

/// Notes what became of a message of ours; `false`: no message is known by that id yet.
///
/// # Errors
/// A fault of the engine.
pub async fn note_receipt(ctx: &Ctx, account: &Account, receipt: InReceipt) -> Result<bool> {
    let (agency, id) = (account.agency_id, account.id.0);
    ctx.db.write(move |tx| receipts::take_in(tx, agency, id, &receipt)).await
}
