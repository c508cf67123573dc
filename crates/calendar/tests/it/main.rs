//! What the calendar promises to the rest of the program, and to the law.

mod outside;
mod profiles;
mod properties;
mod support;
mod worked_cases;
