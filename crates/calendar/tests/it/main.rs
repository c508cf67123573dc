//! What the calendar promises to the rest of the program, and to the law.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like the tests themselves")]

mod outside;
mod profiles;
mod properties;
mod support;
mod worked_cases;
