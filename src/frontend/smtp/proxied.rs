//! A mail server in front of us speaks for its client.
//!
//! Only servers that the settings name are believed, always by the address that
//! they really have. XFORWARD is for the log and the next hop; XCLIENT makes a
//! new session, in which its own trust is the most that the client can have.

use std::net::Ipv4Addr;

use tracing::warn;

use super::{
    forward::Attributes,
    replies as say,
    session::{Next, Session},
    trust::Standing,
    wire::Cut,
};
use crate::relay::Origin;

impl Session {
    pub(super) async fn xforward(&mut self, attributes: Attributes) -> Result<Next, Cut> {
        if !self.is_forwarder() {
            warn!("XFORWARD from a client that is not trusted with it, refused");
            return self.refuse(&say::not_authorized(), "forward").await;
        }
        if self.mail.is_some() {
            return self.fault(&say::out_of_order()).await;
        }
        attributes.apply(self.forwarded.get_or_insert_default());
        self.reply(&say::ok());
        Ok(Next::Go)
    }

    pub(super) async fn xclient(&mut self, attributes: Attributes) -> Result<Next, Cut> {
        if !self.is_forwarder() {
            warn!("XCLIENT from a client that is not trusted with it, refused");
            return self.refuse(&say::not_authorized(), "forward").await;
        }
        if self.mail.is_some() {
            return self.fault(&say::out_of_order()).await;
        }
        if let Some(address) = attributes.address() {
            let settings = &self.terms.settings;
            let unspecified = Ipv4Addr::UNSPECIFIED.into();
            let address = address.unwrap_or(unspecified);
            let real = Standing::of_address(self.peer.ip(), settings);
            self.standing = real.at_most(Standing::of_address(address, settings));
            match self.front.door.enter(address, self.standing, &settings.limits) {
                Ok(seat) => self.seat = seat,
                Err(_) => return self.close_with(&say::too_many_connections()),
            }
        }
        attributes.apply(&mut self.client);
        self.reset().await;
        (self.hello, self.forwarded) = (None, None);
        self.greet();
        Ok(Next::Go)
    }

    /// What XFORWARD said was about one message.
    pub(super) fn forget_origin(&mut self) {
        self.forwarded = None;
    }

    /// Whom the next hop is told that the message is from.
    pub(super) fn origin(&self) -> Origin {
        self.forwarded.clone().unwrap_or_else(|| {
            let hello = self.hello.as_ref();
            Origin {
                hello: self.client.hello.clone().or(hello.map(|hello| hello.name.clone())),
                protocol: self.client.protocol.or(hello.map(|hello| hello.protocol)),
                ..self.client.clone()
            }
        })
    }

    /// Always about the real peer, whomever it speaks for.
    pub(super) fn is_forwarder(&self) -> bool {
        let address = self.peer.ip();
        self.terms.settings.forwarders.iter().any(|network| network.contains(address))
    }
}
