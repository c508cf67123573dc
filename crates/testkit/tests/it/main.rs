//! Everything that is tested from outside a crate, in one binary, so that it links once.

mod api;
mod api_client;
mod blobs;
mod browser;
mod cases;
mod demo;
mod desk;
mod house;
mod org;
mod org_web;
mod portal;
mod recount;
mod store;
