//! Everything that is tested from outside a crate, in one binary, so that it links once.

mod cases;
mod house;
mod store;
