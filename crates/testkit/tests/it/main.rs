//! Everything that is tested from outside a crate, in one binary, so that it links once.

mod api;
mod api_client;
mod api_socket;
mod blobs;
mod browser;
mod cases;
mod chat;
mod demo;
mod desk;
mod desk_board;
mod desk_duty;
mod desk_files;
mod desk_find;
mod desk_quick;
mod desk_sending;
mod house;
mod org;
mod org_web;
mod portal;
mod portal_mine;
mod recount;
mod replies;
mod routing;
mod store;
mod talks;
mod tls;
