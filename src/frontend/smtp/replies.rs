//! What we say ourselves, in one place.

use crate::model::Reply;

pub(super) fn ok() -> Reply {
    Reply::new(250, "2.0.0", &["Ok"])
}

pub(super) fn sender_ok() -> Reply {
    Reply::new(250, "2.1.0", &["Ok"])
}

pub(super) fn recipient_ok() -> Reply {
    Reply::new(250, "2.1.5", &["Ok"])
}

pub(super) fn chunk_taken(octets: u64) -> Reply {
    Reply::new(250, "2.0.0", &[&format!("{octets} octets received")])
}

pub(super) fn bye() -> Reply {
    Reply::new(221, "2.0.0", &["Bye"])
}

pub(super) fn help() -> Reply {
    Reply::new(214, "2.0.0", &["This server passes mail on; see RFC 5321"])
}

pub(super) fn start_tls() -> Reply {
    Reply::new(220, "2.0.0", &["Ready to start TLS"])
}

pub(super) fn cannot_verify() -> Reply {
    Reply::new(252, "2.0.0", &["Cannot verify; send mail to try"])
}

pub(super) fn not_offered() -> Reply {
    Reply::new(502, "5.5.1", &["Command not offered"])
}

pub(super) fn unknown() -> Reply {
    Reply::new(500, "5.5.1", &["Command not known here"])
}

pub(super) fn out_of_order() -> Reply {
    Reply::new(503, "5.5.1", &["Command out of order"])
}

pub(super) fn hello_first() -> Reply {
    Reply::new(503, "5.5.1", &["Say hello first"])
}

pub(super) fn no_recipients() -> Reply {
    Reply::new(554, "5.5.1", &["No valid recipients"])
}

pub(super) fn not_from_here() -> Reply {
    Reply::new(550, "5.7.1", &["Mail is not accepted from here"])
}

pub(super) fn no_relay() -> Reply {
    Reply::new(550, "5.7.1", &["Relaying denied"])
}

pub(super) fn not_authorized() -> Reply {
    Reply::new(550, "5.7.0", &["Insufficient authorization"])
}

pub(super) fn too_many_recipients() -> Reply {
    Reply::new(452, "4.5.3", &["Too many recipients, send the rest in another message"])
}

pub(super) fn no_memory() -> Reply {
    Reply::new(452, "4.3.1", &["Too many messages in hand, please try again later"])
}

pub(super) fn too_many_connections() -> Reply {
    Reply::new(421, "4.3.2", &["Too many connections, please try again later"])
}

pub(super) fn too_many_errors() -> Reply {
    Reply::new(421, "4.7.0", &["Too many errors, closing"])
}

pub(super) fn too_slow() -> Reply {
    Reply::new(421, "4.4.2", &["Too slow, closing"])
}

pub(super) fn stopping() -> Reply {
    Reply::new(421, "4.3.2", &["Service stops, please try again later"])
}

pub(super) fn spoke_first() -> Reply {
    Reply::new(521, "5.5.1", &["Client spoke before it was greeted"])
}
