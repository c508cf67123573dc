//! Adapters between the outside world's channels and Tanggap: one module per channel.
//!
//! Each adapter has a pure half, `parse`, which turns what came in into plain data and never fails
//! on hostile input, and a `wire` half, the only place that opens sockets. No HTML pages, no SQL
//! and no rule about cases lives here: the slices decide what a message means.

pub mod email;
pub mod exchange;
mod graph;
mod json;
pub mod messenger;
pub mod meta;
mod parts;
pub mod reach;
pub mod signed;
pub mod sms;
pub mod telegram;
pub mod web;
pub mod whatsapp;
pub mod x;
