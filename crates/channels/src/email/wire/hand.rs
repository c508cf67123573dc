//! Handing one message to the relay in two steps: all that can be taken back, then the message
//! itself. Between them the caller notes that it is handed over, so that after a crash it is known
//! which messages the relay cannot have.

use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};

use super::{Idle, OutgoingMail, Relay, SendError, Severity, compose, one_line};
use crate::exchange::{Accepted, NotSent};

type SmtpError = lettre::transport::smtp::Error;

impl Relay {
    /// Sends one message, waiting for `over` right before its content goes out. Until then
    /// whatever happens is [`NotSent::Later`] or [`NotSent::Never`]; afterwards a missing answer
    /// is [`NotSent::Unsure`].
    ///
    /// # Errors
    /// See [`NotSent`]; what `over` gives is passed on.
    pub async fn hand_over<F>(&self, mail: &OutgoingMail, over: F) -> Result<Accepted, NotSent>
    where
        F: Future<Output = Result<(), NotSent>>,
    {
        let inner = &self.inner;
        let message = compose::message(&inner.from, mail).map_err(of_message)?;
        let bytes = inner.signed(message.formatted(), mail.date).map_err(of_message)?;
        let _place = inner.places.acquire().await.map_err(|e| later(&e.to_string()))?;
        let limit = Duration::from_secs(inner.config.timeout_seconds.clamp(1, 3600));
        let too_slow = |_| later("no answer within the time allowed");

        let mut open = tokio::time::timeout(limit, inner.connection())
            .await
            .map_err(too_slow)?
            .map_err(|error| later(&error.text))?;
        tokio::time::timeout(limit, prepare(&mut open, message.envelope(), &bytes))
            .await
            .map_err(too_slow)??;
        over.await?;
        tokio::time::timeout(limit, open.connection.message(&bytes))
            .await
            .map_err(|_| NotSent::Unsure { why: "no answer within the time allowed".into() })?
            .map_err(|error| after_content(&error))?;
        inner.keep(open);
        Ok(Accepted::default())
    }
}

/// Everything up to the relay's leave to send the content.
async fn prepare(open: &mut Idle, envelope: &Envelope, content: &[u8]) -> Result<(), NotSent> {
    let connection = &mut open.connection;
    let mut options = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    let needs = [
        (!addresses.all(|a| a.to_string().is_ascii()), Extension::SmtpUtfEight),
        (!content.is_ascii(), Extension::EightBitMime),
    ];
    for (_, feature) in needs.into_iter().filter(|(needed, _)| *needed) {
        if !connection.server_info().supports_feature(feature) {
            let why = format!("the relay does not offer {feature}, which this message needs");
            return Err(NotSent::Never { code: None, why });
        }
        options.push(match feature {
            Extension::EightBitMime => MailParameter::Body(MailBodyParameter::EightBitMime),
            _ => MailParameter::SmtpUtfEight,
        });
    }
    let refused = |error: SmtpError| of_message(SendError::of_message(&error));
    let from: Option<Address> = envelope.from().cloned();
    connection.command(Mail::new(from, options)).await.map_err(refused)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(refused)?;
    }
    connection.command(Data).await.map_err(refused)?;
    Ok(())
}

/// An error after the content was written: an answer is an answer, silence is doubt.
fn after_content(error: &SmtpError) -> NotSent {
    match error.status() {
        Some(_) => of_message(SendError::of_message(error)),
        None => NotSent::Unsure { why: SendError::of_message(error).text },
    }
}

fn of_message(error: SendError) -> NotSent {
    match error.severity {
        Severity::Temporary => later(&error.text),
        Severity::Permanent => {
            NotSent::Never { code: error.code.map(|code| code.to_string()), why: error.text }
        }
    }
}

fn later(why: &str) -> NotSent {
    NotSent::Later { after: None, why: one_line(why) }
}
