//! Evidence for an assessment of the consequences for privacy: what judges the
//! mail, how long things are kept, who holds the keys, and whether the audit
//! log holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    super::{Gate, GateError, Rulebook},
    as_text,
};
use crate::{
    detect::PackId,
    model::{Act, Event, Reviewer, Role},
    policy::{Mode, RouteTold},
    store::{Account, AuditReport, Checkpoint},
};

/// How the gate is set, and what proves it.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// The form of the JSON.
    pub schema: u32,
    /// The version of this program.
    pub version: &'static str,
    /// When it was made.
    #[serde(serialize_with = "as_text")]
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// What for.
    pub purpose: String,
    /// Our own domains.
    pub domains: Vec<String>,
    /// Whether decisions are carried out, and not only written down.
    pub enforces: bool,
    /// The rule packs.
    pub packs: Vec<PackEvidence>,
    /// The hash of the policy's text.
    pub policy_hash: String,
    /// Whether it is the policy that ships with the program.
    pub policy_built_in: bool,
    /// Tests that the policy carries; it does not load when one fails.
    pub policy_tests: usize,
    /// Its routes, in their order.
    pub routes: Vec<RouteTold>,
    /// How long things are kept, in days.
    pub retention: RetentionEvidence,
    /// Certificates that are kept, and how many of them can be used now.
    pub certificates: [usize; 2],
    /// Whether the master key is kept apart from the state folder.
    pub master_key_apart: bool,
    /// The public key that checkpoints of the audit log are signed with.
    pub audit_key: String,
    /// What a check of the whole audit log found.
    pub audit: AuditReport,
    /// The last signed checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// From how many persons in a message on a second person must agree to a
    /// release; 0 for never.
    pub four_eyes_persons: u32,
    /// Accounts that are open, by role; an account may have several.
    pub accounts: BTreeMap<Role, usize>,
    /// Messages under a legal hold.
    pub legal_holds: usize,
    /// Whether every accepted recipient is accounted for.
    pub ledger_balances: bool,
    /// Whom to ask.
    pub contact: String,
}

/// One rule pack.
#[derive(Clone, Debug, Serialize)]
pub struct PackEvidence {
    /// Name, version and hash.
    #[serde(flatten)]
    pub pack: PackId,
    /// Rules in it.
    pub rules: usize,
    /// Tests in it; it does not load when one fails.
    pub tests: usize,
}

/// How long things are kept, in days.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RetentionEvidence {
    /// Held messages, where the route says nothing.
    pub held: u32,
    /// Released messages, where the route says nothing.
    pub released: u32,
    /// Records without content.
    pub records: u32,
    /// The audit log.
    pub audit: u32,
}

impl Gate {
    /// Gathers the evidence. The audit log says who asked and why.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn evidence(&self, by: &Reviewer) -> Result<Evidence, GateError> {
        let book = self.book();
        let gateway = &book.settings.gateway;
        let letterhead = &book.settings.letterhead;
        let certificates = self.protector.list(self.now());
        let usable = certificates.iter().filter(|listed| listed.state.is_ok()).count();
        let evidence = Evidence {
            schema: 1,
            version: env!("CARGO_PKG_VERSION"),
            made_at: self.now(),
            made_by: by.name().to_owned(),
            purpose: by.purpose().to_owned(),
            domains: gateway.domains.clone(),
            enforces: gateway.mode == Mode::Enforce,
            packs: packs(&book),
            policy_hash: book.policy.hash().to_owned(),
            policy_built_in: gateway.policy.is_none(),
            policy_tests: book.policy.tests().len(),
            routes: book.policy.told(),
            retention: RetentionEvidence {
                held: gateway.keep_days,
                released: gateway.keep_released_days,
                records: gateway.keep_record_days,
                audit: gateway.keep_audit_days,
            },
            certificates: [certificates.len(), usable],
            master_key_apart: self.store.master_key_is_apart(),
            audit_key: self.store.audit_key(),
            audit: self.store.audit_verify().await?,
            checkpoint: self.store.last_checkpoint().await?,
            four_eyes_persons: book.settings.review.four_eyes_persons,
            accounts: accounts(&self.store.accounts().await?),
            legal_holds: self.store.legal_holds().await?.len(),
            ledger_balances: self.store.check_ledger(self.now()).await?.is_empty(),
            contact: letterhead.contact(letterhead.language).to_owned(),
        };
        let facts = json!({ "what": "evidence report", "purpose": by.purpose() });
        let actor = by.name().to_owned();
        self.record(Event { event: None, actor, act: Act::Exported, facts }).await?;
        Ok(evidence)
    }
}

fn accounts(accounts: &[Account]) -> BTreeMap<Role, usize> {
    let mut roles: BTreeMap<Role, usize> = Role::ALL.into_iter().map(|role| (role, 0)).collect();
    let open = accounts.iter().filter(|account| account.closed_at.is_none());
    for role in open.flat_map(|account| &account.roles) {
        *roles.entry(*role).or_default() += 1;
    }
    roles
}

fn packs(book: &Rulebook) -> Vec<PackEvidence> {
    let (table, tests) = (book.rules.table(), book.rules.tests());
    let of = |pack: &PackId| PackEvidence {
        pack: pack.clone(),
        rules: table.iter().filter(|row| *row.pack == *pack.id).count(),
        tests: tests.iter().filter(|test| *test.pack == *pack.id).count(),
    };
    book.rules.packs().iter().map(of).collect()
}
