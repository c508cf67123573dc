//! The whole program from outside: its routes, its statements on both engines, its commands, and
//! the bad days of a real process.

mod afterwards;
mod answers;
mod beside;
mod cloud;
mod commands;
mod copies;
mod crash;
mod dovecot;
mod inquiries;
mod keys;
mod kit;
mod lanes;
mod letters;
mod mailbox;
mod mailbox_account;
mod mails;
mod nodes;
mod paper;
mod plans;
mod postfix;
mod routes;
mod schema;
mod sending;
mod sms;
mod smtp;
mod templates;
mod webhooks;
