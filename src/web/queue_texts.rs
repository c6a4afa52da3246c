//! What the pages about held mail say.

use super::texts::texts;
use crate::{
    gate::FreeTextError,
    model::{Direction, Level, Surface},
    store::{HeldState, Proposed, QueueSort},
};

texts! {
    /// The texts of the pages about held mail.
    QueueTexts {
        act: "Gjør det", "Gjer det", "Do it";
        act_ask: "Spør avsenderen", "Spør avsendaren", "Ask the sender";
        act_ask_what: "Spørsmålet går på e‑post til den interne avsenderen. Meldingen blir liggende.", "Spørsmålet går på e‑post til den interne avsendaren. Meldinga blir liggjande.", "The question goes by mail to the internal sender. The message stays.";
        act_delete: "Slett uten å si fra", "Slett utan å seie frå", "Delete and tell nobody";
        act_release: "Frigi som den er", "Frigje som ho er", "Release as it is";
        act_release_encrypted: "Frigi kryptert", "Frigje kryptert", "Release encrypted";
        act_refuse: "Avvis med tekst", "Avvis med tekst", "Refuse with a text";
        act_refuse_what: "Innholdet slettes, og den interne avsenderen får beskjed.", "Innhaldet blir sletta, og den interne avsendaren får beskjed.", "The content is deleted, and the internal sender is told.";
        acts: "Hva skal skje?", "Kva skal skje?", "What shall happen?";
        alarm: "Funnet er feil", "Funnet er feil", "The finding is wrong";
        alarm_rule: "Regel", "Regel", "Rule";
        alarm_what: "Et ord som står i nærheten og viser at tallet er noe annet. Det prøves på alt som ble stanset de siste 30 dagene. Ingenting tas i bruk.", "Eit ord som står i nærleiken og viser at talet er noko anna. Det blir prøvd på alt som vart stansa dei siste 30 dagane. Ingenting blir teke i bruk.", "A word that stands near and tells that the number is something else. It is tried on all that was held in the last 30 days. Nothing is taken into use.";
        alarm_word: "Ord (kan være tomt)", "Ord (kan vere tomt)", "Word (may be empty)";
        all: "Alle", "Alle", "All";
        apply: "Vis", "Vis", "Apply";
        approval_own: "Du har bedt om dette selv, eller du har sendt eller fått meldingen. En annen må avgjøre.", "Du har bedt om dette sjølv, eller du har sendt eller fått meldinga. Ein annan må avgjere.", "You asked for this yourself, or sent or got the message. Somebody else must decide.";
        approvals: "Godkjenning", "Godkjenning", "Approvals";
        approvals_lead: "Meldinger med mange personer, og egne meldinger, slipper bare ut når en annen sier ja.", "Meldingar med mange personar, og eigne meldingar, slepp berre ut når ein annan seier ja.", "Messages that name many, and one's own, leave only when somebody else agrees.";
        approvals_none: "Ingenting venter på deg.", "Ingenting ventar på deg.", "Nothing waits for you.";
        approve: "Godkjenn", "Godkjenn", "Approve";
        asked_by: "Bedt om av", "Bede om av", "Asked for by";
        assign: "Ansvarlig", "Ansvarleg", "Assigned to";
        assign_clear: "Fjern ansvarlig", "Fjern ansvarleg", "Assign to nobody";
        assign_me: "Ta den selv", "Ta ho sjølv", "Take it";
        changed: "Endret", "Endra", "Changed";
        comment: "Kommentar", "Kommentar", "Comment";
        comment_add: "Legg til kommentar", "Legg til kommentar", "Add the comment";
        comments: "Kommentarer", "Kommentarar", "Comments";
        content_cut: "Det er mer tekst enn det som vises.", "Det er meir tekst enn det som blir vist.", "There is more text than is shown.";
        decline: "Avslå", "Avslå", "Decline";
        did_approved: "Godkjent", "Godkjent", "Approved";
        did_asked: "Avsenderen ble spurt", "Avsendaren blei spurd", "Asked";
        did_assigned: "Tildelt", "Tildelt", "Assigned";
        did_commented: "Kommentert", "Kommentert", "Commented";
        did_corrected: "Rettet", "Retta", "Corrected";
        did_decided: "Vurdert", "Vurdert", "Judged";
        did_declined: "Avslått", "Avslått", "Declined";
        did_deleted: "Slettet", "Sletta", "Deleted";
        did_dropped: "Sending gitt opp", "Sending gitt opp", "Given up";
        did_erased: "Slettet etter krav", "Sletta etter krav", "Erased";
        did_hold_lifted: "Ikke lenger beholdt", "Ikkje lenger behalden", "Hold lifted";
        did_hold_placed: "Må beholdes", "Må behaldast", "Hold placed";
        did_notified: "Avsenderen fikk beskjed", "Avsendaren fekk beskjed", "Notified";
        did_overridden: "Sluppet fram av avsenderen", "Sleppt fram av avsendaren", "Let through";
        did_proposed: "Bedt om", "Bede om", "Asked for";
        did_rejected: "Avvist", "Avvist", "Refused";
        did_released: "Frigitt", "Frigjeven", "Released";
        did_revealed: "Vist uten skjuling", "Vist utan skjuling", "Unmasked";
        did_sent: "Sendt", "Send", "Sent";
        did_viewed: "Sett, skjult", "Sett, skjult", "Seen, masked";
        did_wrong_alarm: "Meldt som feil funn", "Meldt som feil funn", "Called wrong";
        direction: "Retning", "Retning", "Direction";
        direction_inbound: "Inn", "Inn", "In";
        direction_internal: "Internt", "Internt", "Internal";
        direction_outbound: "Ut", "Ut", "Out";
        done: "Utført", "Utført", "Done";
        done_already: "Var alt avgjort", "Var alt avgjort", "Was settled before";
        done_failed: "Ble ikke gjort", "Blei ikkje gjort", "Was not done";
        done_proposed: "Venter på en annen person", "Ventar på ein annan person", "Waits for a second person";
        download: "Last ned", "Last ned", "Get the file";
        empty: "Ingenting ligger på vent.", "Ingenting ligg på vent.", "Nothing waits.";
        empty_what: "Ny stanset e‑post dukker opp her. Endre søket for å se mer.", "Ny stansa e‑post dukkar opp her. Endre søket for å sjå meir.", "New mail that is held appears on this page. Change the filters to see more.";
        event: "Hendelse", "Hending", "Event id";
        expires: "Slettes", "Blir sletta", "Is destroyed";
        finding_count: "Funn", "Funn", "Findings";
        findings_none: "Ingen funn.", "Ingen funn.", "Nothing was found.";
        first_page: "Første side", "Første side", "First page";
        from: "Fra dato", "Frå dato", "From date";
        gaps: "Kunne ikke leses", "Kunne ikkje lesast", "Could not be read";
        gone: "Innholdet er slettet. Bare opplysningene om hva som ble gjort, er igjen.", "Innhaldet er sletta. Berre opplysningane om kva som blei gjort, er att.", "The content was destroyed. Only the record of it is left.";
        headers: "Meldingshode", "Meldingshovud", "Header fields";
        held_since: "Stanset", "Stansa", "Held since";
        hidden: "Alle verdier er skjult.", "Alle verdiar er skjulte.", "Every value is masked.";
        history: "Hva som er gjort", "Kva som er gjort", "History";
        keys: "Taster", "Tastar", "Keys";
        keys_what: "j neste, k forrige, x velg, r frigi, / søk, ? denne hjelpen", "j neste, k førre, x vel, r frigje, / søk, ? denne hjelpa", "j next, k previous, x select, r release, / search, ? this help";
        keys_without: "Uten nøkkel, kan ikke få den kryptert:", "Utan nøkkel, kan ikkje få ho kryptert:", "Without a key, cannot get it encrypted:";
        level: "Nivå", "Nivå", "Level";
        level_critical: "Kritisk", "Kritisk", "Critical";
        level_high: "Høyt", "Høgt", "High";
        level_info: "Opplysning", "Opplysning", "Info";
        level_low: "Lavt", "Lågt", "Low";
        level_medium: "Middels", "Middels", "Medium";
        level_none: "Ingen funn", "Ingen funn", "No finding";
        next_page: "Neste side", "Neste side", "Next page";
        nobody: "Ingen", "Ingen", "Nobody";
        none_chosen: "Velg minst én melding.", "Vel minst éi melding.", "Choose at least one message.";
        not_asked: "Avsenderen kan ikke spørres: den er ikke intern, eller er spurt før.", "Avsendaren kan ikkje spørjast: han er ikkje intern, eller er spurd før.", "The sender cannot be asked: it is not internal, or was asked before.";
        not_encrypted: "Kan ikke krypteres for alle mottakerne.", "Kan ikkje krypterast for alle mottakarane.", "Cannot be encrypted for all of them.";
        not_kept: "Den må beholdes og kan ikke slettes.", "Ho må behaldast og kan ikkje slettast.", "It must be kept and cannot be destroyed.";
        not_reached: "Tiden var ute. Send de som gjenstår, en gang til.", "Tida var ute. Send dei som står att, ein gong til.", "Time ran out. Send what remains once more.";
        not_sent: "Det er ikke satt opp hvor e‑post skal sendes.", "Det er ikkje sett opp kvar e‑post skal sendast.", "There is nowhere to deliver to.";
        outline: "Deler av meldingen", "Delar av meldinga", "Parts";
        pending: "Noen har bedt om det før.", "Nokon har bede om det før.", "Somebody asked for it before.";
        persons: "Personer", "Personar", "People named";
        place: "Sted", "Stad", "Place";
        preview: "Slik den ser ut", "Slik ho ser ut", "As it looks";
        proposal_none: "Ingen forslag ennå.", "Ingen forslag enno.", "No proposals yet.";
        proposals: "Regelforslag", "Regelforslag", "Rule proposals";
        proposals_lead: "Ord som kan hindre falske funn. De tas aldri i bruk av seg selv: last ned, les og legg dem i regelpakken.", "Ord som kan hindre falske funn. Dei blir aldri tekne i bruk av seg sjølve: last ned, les og legg dei i regelpakka.", "Words that may prevent false findings. They are never taken into use by themselves: get the file, read it and put it into the rule pack.";
        purpose: "Hvorfor? (lagres i revisjonsloggen)", "Kvifor? (blir lagra i revisjonsloggen)", "Why? (kept in the log)";
        reason: "Begrunnelse", "Grunngjeving", "Reason given";
        raw: "Hele kilden som fil", "Heile kjelda som fil", "The whole source as a file";
        reveal: "Vis verdiene", "Vis verdiane", "Unmask the values";
        reveal_what: "Innholdet vises én gang uten skjuling, og loggen sier at du så det.", "Innhaldet blir vist éin gong utan skjuling, og loggen seier at du såg det.", "The content appears once without masking, and the log says that you saw it.";
        revealed: "Du ser innholdet uten skjuling. Lukk siden når du er ferdig.", "Du ser innhaldet utan skjuling. Lukk sida når du er ferdig.", "You see the content without masking. Close the page as soon as you are done.";
        route: "Rute", "Rute", "Route";
        rows: "Meldinger på siden", "Meldingar på sida", "Messages on the page";
        rule: "Regel", "Regel", "Rule";
        search: "Søk: adresse, hendelse, id", "Søk: adresse, hending, id", "Search: address, event, id";
        select: "Velg", "Vel", "Select";
        select_all: "Velg alle på siden", "Vel alle på sida", "Select all on the page";
        sender: "Avsender", "Avsendar", "Sender";
        sender_history: "Avsenderen de siste 90 dagene", "Avsendaren dei siste 90 dagane", "The sender in the last 90 days";
        sensitive: "Teksten inneholder et tall eller andre følsomme opplysninger. Den lagres i årevis, så skriv den uten.", "Teksten inneheld eit tal eller andre følsame opplysningar. Han blir lagra i årevis, så skriv han utan.", "The text holds a number or other sensitive data. It is kept for years, so write it without.";
        size: "Størrelse", "Storleik", "Size";
        sort: "Rekkefølge", "Rekkjefølgje", "Order";
        sort_expiry: "Slettes først", "Blir sletta først", "Destroyed first";
        sort_level: "Høyeste nivå", "Høgaste nivå", "Highest level";
        sort_newest: "Nyeste", "Nyaste", "Newest";
        sort_oldest: "Eldste", "Eldste", "Oldest";
        sort_size: "Største", "Største", "Largest";
        state: "Tilstand", "Tilstand", "State";
        state_deleted: "Slettet", "Sletta", "Deleted";
        state_held: "På vent", "På vent", "Held";
        state_rejected: "Avvist", "Avvist", "Refused";
        state_released: "Frigitt", "Frigjeven", "Released";
        surface_body: "Tekst", "Tekst", "Text";
        surface_cell: "Tabell", "Tabell", "Table";
        surface_file: "Vedlegg", "Vedlegg", "File";
        surface_header: "Hode", "Hovud", "Header";
        surface_metadata: "Egenskaper", "Eigenskapar", "Properties";
        surface_name: "Filnavn", "Filnamn", "File name";
        text: "Tekst til avsenderen", "Tekst til avsendaren", "Text for the sender";
        text_of: "Alt som kunne leses", "Alt som kunne lesast", "All that could be read";
        title: "Stanset e‑post", "Stansa e‑post", "Held mail";
        to: "Mottakere", "Mottakarar", "Recipients";
        to_date: "Til dato", "Til dato", "To date";
        total: "treff", "treff", "found";
        trial: "Prøvd på", "Prøvd på", "Tried on";
        unfit: "Skriv hvorfor, med 1 til 2000 tegn.", "Skriv kvifor, med 1 til 2000 teikn.", "Write why, in 1 to 2000 characters.";
        up: "Tilbake til listen", "Tilbake til lista", "Back to the list";
    }
}

impl QueueTexts {
    /// What a state is called.
    pub(super) fn state_of(&self, state: HeldState) -> &'static str {
        match state {
            HeldState::Deleted => self.state_deleted,
            HeldState::Held => self.state_held,
            HeldState::Rejected => self.state_rejected,
            HeldState::Released => self.state_released,
        }
    }

    /// What a level is called.
    pub(super) fn level_of(&self, level: Option<Level>) -> &'static str {
        match level {
            None => self.level_none,
            Some(Level::Info) => self.level_info,
            Some(Level::Low) => self.level_low,
            Some(Level::Medium) => self.level_medium,
            Some(Level::High) => self.level_high,
            Some(Level::Critical) => self.level_critical,
        }
    }

    /// What a direction is called.
    pub(super) fn direction_of(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.direction_inbound,
            Direction::Internal => self.direction_internal,
            Direction::Outbound => self.direction_outbound,
        }
    }

    /// What a sort of place is called.
    pub(super) fn surface_of(&self, surface: Surface) -> &'static str {
        match surface {
            Surface::Body => self.surface_body,
            Surface::Cell => self.surface_cell,
            Surface::FileName => self.surface_name,
            Surface::FileText => self.surface_file,
            Surface::Header => self.surface_header,
            Surface::Metadata => self.surface_metadata,
        }
    }

    /// What an order is called.
    pub(super) fn sort_of(&self, sort: QueueSort) -> &'static str {
        match sort {
            QueueSort::Expiry => self.sort_expiry,
            QueueSort::Level => self.sort_level,
            QueueSort::Newest => self.sort_newest,
            QueueSort::Oldest => self.sort_oldest,
            QueueSort::Size => self.sort_size,
        }
    }

    /// What somebody asked for.
    pub(super) fn proposed(&self, what: Proposed) -> &'static str {
        match what {
            Proposed::Override | Proposed::Release => self.act_release,
            Proposed::ReleaseEncrypted => self.act_release_encrypted,
        }
    }

    /// What was done, by its word in the audit log; empty for what is not done
    /// to held mail.
    pub(super) fn act_of(&self, act: &str) -> &'static str {
        match act {
            "approved" => self.did_approved,
            "asked" => self.did_asked,
            "assigned" => self.did_assigned,
            "commented" => self.did_commented,
            "corrected" => self.did_corrected,
            "decided" => self.did_decided,
            "declined" => self.did_declined,
            "deleted" => self.did_deleted,
            "dropped" => self.did_dropped,
            "erased" => self.did_erased,
            "hold-lifted" => self.did_hold_lifted,
            "hold-placed" => self.did_hold_placed,
            "notified" => self.did_notified,
            "overridden" => self.did_overridden,
            "proposed" => self.did_proposed,
            "rejected" => self.did_rejected,
            "released" => self.did_released,
            "revealed" => self.did_revealed,
            "sent" => self.did_sent,
            "viewed" => self.did_viewed,
            "wrong-alarm" => self.did_wrong_alarm,
            _ => "",
        }
    }

    /// Why a text is not taken.
    pub(super) fn fault(&self, error: &FreeTextError) -> &'static str {
        match error {
            FreeTextError::Long | FreeTextError::Reviewer(_) => self.unfit,
            FreeTextError::Sensitive => self.sensitive,
        }
    }
}

/// The colour of a state, which its word tells too.
pub(super) fn state_tint(state: HeldState) -> &'static str {
    match state {
        HeldState::Deleted | HeldState::Rejected => "",
        HeldState::Held => "warn",
        HeldState::Released => "good",
    }
}

/// The colour of a level, which its word tells too.
pub(super) fn level_tint(level: Option<Level>) -> &'static str {
    match level {
        None | Some(Level::Info | Level::Low) => "",
        Some(Level::Medium) => "warn",
        Some(Level::High | Level::Critical) => "bad",
    }
}

/// Every direction, by its word.
pub(super) fn directions(texts: &QueueTexts) -> [(&'static str, &'static str); 3] {
    [Direction::Outbound, Direction::Inbound, Direction::Internal]
        .map(|direction| (direction.as_str(), texts.direction_of(direction)))
}

/// Every level, by its word: that one and above.
pub(super) fn levels(texts: &QueueTexts) -> [(&'static str, &'static str); 4] {
    [Level::Critical, Level::High, Level::Medium, Level::Low]
        .map(|level| (level.as_str(), texts.level_of(Some(level))))
}
