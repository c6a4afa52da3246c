//! What the pages about accounts and about the second factor say.

use super::{people::AccountState, texts::texts};
use crate::model::Role;

texts! {
    /// The texts of the pages about accounts.
    PeopleTexts {
        about_administrator: "Kontoer og tilganger, aldri innhold.", "Kontoar og tilgang, aldri innhald.", "Accounts and access, never content.";
        about_approver: "Som saksbehandler, og den andre personen der det trengs to.", "Som saksbehandlar, og den andre personen der det trengst to.", "As a reviewer, and the second person where two are needed.";
        about_auditor: "Revisjonsloggen, og ikke noe annet.", "Revisjonsloggen, og ikkje noko anna.", "The audit log, and nothing else.";
        about_officer: "Finner, utleverer og sletter det som er lagret om en person.", "Finn, utleverer og slettar det som er lagra om ein person.", "Finds, hands out and erases what is kept about a person.";
        about_reviewer: "Ser på stanset e‑post og avgjør hva som skjer med den.", "Ser på stansa e‑post og avgjer kva som skjer med han.", "Looks at held mail and decides about it.";
        about_viewer: "Ser stanset e‑post med alle verdier skjult.", "Ser stansa e‑post med alle verdiar skjulte.", "Sees held mail with every value masked.";
        addresses: "Andre e‑postadresser", "Andre e‑postadresser", "Other mail addresses";
        addresses_what: "Ingen avgjør alene om e‑post til eller fra seg selv. Brukernavnet i domenene våre er med uten at det skrives her. Én adresse på hver linje.", "Ingen avgjer åleine om e‑post til eller frå seg sjølv. Brukarnamnet i domena våre er med utan at det blir skrive her. Éi adresse på kvar linje.", "Nobody decides alone about mail to or from himself. The user name in our domains counts without being written here. One address a line.";
        all: "Alle kontoer", "Alle kontoar", "All accounts";
        close: "Steng kontoen", "Steng kontoen", "Close the account";
        close_what: "Økter avsluttes med en gang, og ingen kan logge inn. Navnet kan ikke brukes av andre.", "Økter blir avslutta med ein gong, og ingen kan logge inn. Namnet kan ikkje brukast av andre.", "Sessions end at once, and nobody can log in. Nobody else can take the name.";
        ends: "En endring avslutter alle øktene til kontoen.", "Ei endring avsluttar alle øktene til kontoen.", "A change ends all sessions of the account.";
        factor: "To‑faktor", "To‑faktor", "Second factor";
        link: "Lenke", "Lenkje", "Link";
        link_title: "Lenken er klar", "Lenkja er klar", "The link is ready";
        link_what: "Lenken virker én gang, i 72 timer. Gi den bare til personen selv. Den vises ikke igjen.", "Lenkja verkar éin gong, i 72 timar. Gje ho berre til personen sjølv. Ho blir ikkje vist igjen.", "The link works once, for 72 hours. Give it to the person alone. It is not shown again.";
        make: "Lag konto", "Lag konto", "Make an account";
        name_rule: "2 til 64 bokstaver, sifre og tegnene -._@+, høyst 5 sifre.", "2 til 64 bokstavar, siffer og teikna -._@+, høgst 5 siffer.", "2 to 64 letters, digits and -._@+, with at most 5 digits.";
        no: "Nei", "Nei", "No";
        no_role: "Velg minst én rolle.", "Vel minst éi rolle.", "Choose at least one role.";
        not_own: "Din egen konto kan bare endres av en annen administrator.", "Din eigen konto kan berre endrast av ein annan administrator.", "Your own account can be changed by another administrator only.";
        reset: "Lag ny lenke for passord", "Lag ny lenkje for passord", "Make a new link for the password";
        reset_factor: "Fjern to‑faktor også", "Fjern to‑faktor òg", "Remove the second factor too";
        reset_what: "Passordet slutter å virke, og øktene avsluttes. En stengt konto åpnes igjen.", "Passordet sluttar å verke, og øktene blir avslutta. Ein stengd konto blir opna igjen.", "The password stops working and the sessions end. A closed account is opened again.";
        sessions: "Åpne økter", "Opne økter", "Open sessions";
        state: "Tilstand", "Tilstand", "State";
        state_closed: "Stengt", "Stengd", "Closed";
        state_invited: "Invitert", "Invitert", "Invited";
        state_open: "Åpen", "Open", "Open";
        taken: "Navnet er i bruk.", "Namnet er i bruk.", "The name is taken.";
        title: "Brukere", "Brukarar", "People";
        wrong_address: "En av adressene er ikke gyldig.", "Ei av adressene er ikkje gyldig.", "One of the addresses is not valid.";
        yes: "Ja", "Ja", "Yes";
    }
}

impl PeopleTexts {
    /// What a role is for.
    pub(super) fn about(&self, role: &Role) -> &'static str {
        match role {
            Role::Administrator => self.about_administrator,
            Role::Approver => self.about_approver,
            Role::Auditor => self.about_auditor,
            Role::Officer => self.about_officer,
            Role::Reviewer => self.about_reviewer,
            Role::Viewer => self.about_viewer,
        }
    }

    /// What a state is called.
    pub(super) fn state_of(&self, state: &AccountState) -> &'static str {
        match state {
            AccountState::Closed => self.state_closed,
            AccountState::Invited => self.state_invited,
            AccountState::Open => self.state_open,
        }
    }
}

texts! {
    /// The texts about the second factor.
    FactorTexts {
        ask: "Passordet er riktig. Skriv koden fra autentiseringsappen din.", "Passordet er rett. Skriv koden frå autentiseringsappen din.", "The password is right. Type the code of your authenticator.";
        ask_title: "Kode", "Kode", "Code";
        by_hand: "Uten kamera: skriv dette i appen.", "Utan kamera: skriv dette i appen.", "Without a camera: type this into the app.";
        code: "Kode", "Kode", "Code";
        end_others: "Avslutt alle andre økter", "Avslutt alle andre økter", "End all other sessions";
        first_rule: "De seks sifrene som appen viser nå.", "Dei seks sifra som appen viser no.", "The six digits that the app shows now.";
        go_on: "Fortsett", "Hald fram", "Go on";
        kept: "Jeg har tatt vare på kodene", "Eg har teke vare på kodane", "I have kept the codes";
        late: "Det tok for lang tid. Logg inn på nytt.", "Det tok for lang tid. Logg inn på nytt.", "That took too long. Log in again.";
        left: "Gjenopprettingskoder som er igjen", "Gjenopprettingskodar som er att", "Recovery codes that are left";
        must: "Rollene dine krever to‑faktor, så den kan byttes, men ikke fjernes.", "Rollene dine krev to‑faktor, så han kan bytast, men ikkje fjernast.", "Your roles need a second factor, so it can be replaced but not removed.";
        offer: "Les bildet med en autentiseringsapp på telefonen, og skriv koden som appen viser.", "Les biletet med ein autentiseringsapp på telefonen, og skriv koden som appen viser.", "Read the picture with an authenticator on your phone, and type the code that it shows.";
        offer_title: "Sett opp to‑faktor", "Set opp to‑faktor", "Set up the second factor";
        picture: "QR‑kode for autentiseringsappen", "QR‑kode for autentiseringsappen", "QR code for the authenticator";
        recovery: "Hver av disse gjenopprettingskodene virker én gang i stedet for appen. Skriv dem ned og oppbevar dem trygt. De vises ikke igjen.", "Kvar av desse gjenopprettingskodane verkar éin gong i staden for appen. Skriv dei ned og oppbevar dei trygt. Dei blir ikkje viste igjen.", "Each of these recovery codes works once in place of the app. Write them down and keep them safe. They are not shown again.";
        remove: "Fjern to‑faktor", "Fjern to‑faktor", "Remove the second factor";
        replace: "Sett opp på nytt", "Set opp på nytt", "Set up anew";
        rule: "Seks sifre, eller en gjenopprettingskode.", "Seks siffer, eller ein gjenopprettingskode.", "Six digits, or a recovery code.";
        session_begun: "Logget inn (UTC)", "Logga inn (UTC)", "Logged in (UTC)";
        session_browser: "Nettleser", "Nettlesar", "Browser";
        session_end: "Avslutt denne økta", "Avslutt denne økta", "End this session";
        session_seen: "Sist brukt (UTC)", "Sist brukt (UTC)", "Last used (UTC)";
        session_this: "denne nettleseren", "denne nettlesaren", "this browser";
        session_unknown: "ukjent nettleser", "ukjend nettlesar", "unknown browser";
        sessions: "Økter", "Økter", "Sessions";
        set: "To‑faktor er satt opp.", "To‑faktor er sett opp.", "The second factor is set up.";
        title: "To‑faktor", "To‑faktor", "Second factor";
        wrong: "Koden er feil eller brukt før. Vent på den neste koden og prøv igjen.", "Koden er feil eller brukt før. Vent på den neste koden og prøv igjen.", "The code is wrong or was used before. Wait for the next one and try again.";
    }
}
