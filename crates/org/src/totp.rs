//! Authenticator codes (RFC 6238): SHA-1, six digits, thirty seconds, one step of drift.
//!
//! The secret is not stored: it is derived from the installation's key, the person and a random
//! salt, so that a stolen database holds no working authenticator. The step that was used last is
//! stored, and no step is accepted twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Fault, Result, Timestamp};
use tanggap_ui::ctx::Secrets;
use totp_rs::{Builder, Secret, Totp};

const SECRET_BYTES: usize = 20;

/// The salt of a new enrolment made from random bytes.
#[must_use]
pub fn salt(random: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

fn secret(secrets: &Secrets, user: UserId, salt: &str) -> [u8; SECRET_BYTES] {
    let mac = secrets.mac("totp", &[&user.0.to_be_bytes(), salt.as_bytes()]);
    let mut secret = [0; SECRET_BYTES];
    secret.copy_from_slice(&mac[..SECRET_BYTES]);
    secret
}

fn totp(secrets: &Secrets, user: UserId, salt: &str) -> Result<Totp, Fault> {
    let secret = secret(secrets, user, salt).to_vec();
    let built = Builder::new().with_secret(secret).with_skew(1).build();
    built.map_err(|e| Fault::new(format!("totp: {e}")))
}

/// The step for which a code is right, and newer than the last one that was used; `None` for any
/// other code.
///
/// # Errors
/// A fault where the authenticator cannot be built.
pub fn check(
    secrets: &Secrets,
    user: UserId,
    salt: &str,
    code: &str,
    at: Timestamp,
    last_step: i64,
) -> Result<Option<i64>> {
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let seconds = u64::try_from(at.as_micros() / Timestamp::SECOND).unwrap_or(0);
    let step = totp(secrets, user, salt)?.check(&code, seconds);
    let step = step.and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| *step > last_step))
}

/// The code at a moment, as the authenticator shows it: for tests of sign-in.
///
/// # Errors
/// A fault where the authenticator cannot be built.
pub fn code_at(secrets: &Secrets, user: UserId, salt: &str, at: Timestamp) -> Result<String> {
    let seconds = u64::try_from(at.as_micros() / Timestamp::SECOND).unwrap_or(0);
    Ok(totp(secrets, user, salt)?.generate(seconds).to_string())
}

/// What an authenticator is set up with.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret, to type in: groups of four letters.
    pub key: String,
    /// The same for a QR code.
    pub url: String,
}

/// What to show for enrolling an authenticator.
#[must_use]
pub fn enrolment(
    secrets: &Secrets,
    user: UserId,
    salt: &str,
    account: &str,
    issuer: &str,
) -> Enrolment {
    let secret = Secret::from(secret(secrets, user, salt).to_vec()).to_base32();
    let letters: Vec<char> = secret.trim_end_matches('=').chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    let issuer = percent(issuer);
    let url = format!(
        "otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}",
        percent(account),
        letters.iter().collect::<String>()
    );
    Enrolment { key: groups.join(" "), url }
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_and_for_one_step_of_drift() {
        let secrets = Secrets::new([7; 32]);
        let (user, salt) = (UserId(5), salt([1; 16]));
        let at = Timestamp::from_micros(1_791_943_200_000_000);
        let code = code_at(&secrets, user, &salt, at).unwrap();
        let step = check(&secrets, user, &salt, &code, at, 0).unwrap().expect("accepted");
        assert_eq!(check(&secrets, user, &salt, &code, at, step).unwrap(), None, "replayed");
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        for (seconds, good) in [(-30, true), (29, true), (59, true), (60, false), (-31, false)] {
            let then = at.plus(seconds * Timestamp::SECOND);
            let found = check(&secrets, user, &salt, &spaced, then, 0).unwrap();
            assert_eq!(found.is_some(), good, "{seconds} s");
        }
        assert_eq!(check(&secrets, UserId(6), &salt, &code, at, 0).unwrap(), None);
        assert_eq!(check(&secrets, user, &salt, "", at, 0).unwrap(), None);
    }

    #[test]
    fn the_address_for_the_qr_code_is_escaped() {
        let secrets = Secrets::new([7; 32]);
        let shown = enrolment(&secrets, UserId(5), "salt", "siti@x.id", "Kab. Tirta");
        assert!(shown.url.starts_with("otpauth://totp/Kab.%20Tirta:siti%40x.id?secret="));
        assert_eq!(shown.key.replace(' ', "").len(), 32);
    }
}
