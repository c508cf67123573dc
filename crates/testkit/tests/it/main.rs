//! Everything that is tested from outside a crate, in one binary, so that it links once.

mod api;
mod blobs;
mod cases;
mod demo;
mod house;
mod org;
mod org_web;
mod store;
