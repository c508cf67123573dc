//! How a person can be recognised: population number (NIK), telephone number, e-mail address.
//!
//! Each type is made only by its parser, so a value that exists is well formed, and shows itself
//! masked unless it is exposed by name, which callers log. Nothing here proves that an identity
//! belongs to somebody: a NIK has no check digit and a telephone may be shared.
//!
//! Invariant: two spellings of one number or address give equal values. Pure, no clock: whoever
//! needs "today" passes it in.

mod email;
mod nik;
mod phone;

pub use email::{Email, EmailError};
pub use nik::{Nik, NikError};
pub use phone::{Dialled, Phone, PhoneError, PhoneKind, ShortCode};

/// What hides a character on the screen.
const DOT: char = '•';

/// Longest text that any parser here looks at, in bytes; anything longer is refused unread.
const INPUT_BYTES_MAX: usize = 320;

#[cfg(test)]
mod tests;
