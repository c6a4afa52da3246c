//! What the frame, the log-in pages and the pages about trouble say.

use super::texts::texts;
use crate::model::Role;

texts! {
    /// The texts around and before every page.
    FrameTexts {
        approvals: "Godkjenning", "Godkjenning", "Approvals";
        audit: "Revisjonslogg", "Revisjonslogg", "Audit log";
        again: "Gjenta passordet", "Gjenta passordet", "Repeat the password";
        appearance: "Språk og farger", "Språk og fargar", "Language and colours";
        broken: "Sluse får ikke svar fra lageret sitt. E‑posten er trygg. Prøv igjen om litt.", "Sluse får ikkje svar frå lageret sitt. E‑posten er trygg. Prøv igjen om litt.", "Sluse gets no answer from its store. The mail is safe. Try again in a while.";
        broken_title: "Noe svarer ikke", "Noko svarar ikkje", "Something does not answer";
        busy: "Mange logger inn akkurat nå. Prøv igjen om noen sekunder.", "Mange loggar inn akkurat no. Prøv igjen om nokre sekund.", "Many are logging in right now. Try again in some seconds.";
        changed: "Endringen er lagret.", "Endringa er lagra.", "The change is saved.";
        current: "Passordet du har nå", "Passordet du har no", "The password you have now";
        differ: "De to passordene er ikke like.", "Dei to passorda er ikkje like.", "The two passwords are not the same.";
        enter: "Logg inn", "Logg inn", "Log in";
        foreign: "Skjemaet kom ikke fra en side i denne økten, eller økten er over. Gå tilbake, last siden på nytt og prøv igjen.", "Skjemaet kom ikkje frå ei side i denne økta, eller økta er over. Gå tilbake, last sida på nytt og prøv igjen.", "The form did not come from a page of this session, or the session is over. Go back, load the page again and retry.";
        foreign_title: "Skjemaet ble ikke tatt imot", "Skjemaet blei ikkje teke imot", "The form was not taken";
        holds: "Må bevares", "Må takast vare på", "Legal holds";
        home: "Oversikt", "Oversyn", "Overview";
        incomplete: "Noe mangler i skjemaet. Gå tilbake og fyll ut alle feltene.", "Noko manglar i skjemaet. Gå tilbake og fyll ut alle felta.", "Something is missing in the form. Go back and fill in all fields.";
        incomplete_title: "Skjemaet er ikke helt utfylt", "Skjemaet er ikkje heilt utfylt", "The form is not complete";
        language: "Språk", "Språk", "Language";
        leave: "Logg ut", "Logg ut", "Log out";
        menu: "Hovedmeny", "Hovudmeny", "Main menu";
        missing: "Det finnes ingenting på denne adressen, eller det er slettet.", "Det finst ingenting på denne adressa, eller det er sletta.", "There is nothing at this address, or it was deleted.";
        missing_title: "Fant ikke siden", "Fann ikkje sida", "Page not found";
        name: "Brukernavn", "Brukarnamn", "User name";
        new_password: "Nytt passord", "Nytt passord", "New password";
        own: "Min konto", "Min konto", "My account";
        password: "Passord", "Passord", "Password";
        password_change: "Bytt passord", "Byt passord", "Change password";
        password_rule: "Minst 12 tegn. Gjerne flere ord etter hverandre.", "Minst 12 teikn. Gjerne fleire ord etter kvarandre.", "At least 12 characters. Several words in a row are fine.";
        proposals: "Regelforslag", "Regelforslag", "Rule proposals";
        queue: "Stanset e‑post", "Stansa e‑post", "Held mail";
        persons: "Innsyn og sletting", "Innsyn og sletting", "Persons";
        reports: "Rapporter", "Rapportar", "Reports";
        people: "Brukere", "Brukarar", "People";
        refused: "Rollene dine gir ikke adgang til dette. Be administratoren om en annen rolle hvis du trenger den.", "Rollene dine gir ikkje tilgjenge til dette. Be administratoren om ei anna rolle om du treng ho.", "Your roles do not give access to this. Ask the administrator for another role if you need it.";
        refused_title: "Ingen adgang", "Ikkje tilgjenge", "No access";
        role_administrator: "Administrator", "Administrator", "Administrator";
        role_approver: "Godkjenner", "Godkjennar", "Approver";
        role_auditor: "Revisor", "Revisor", "Auditor";
        role_officer: "Personvernombud", "Personvernombod", "Data protection officer";
        role_reviewer: "Saksbehandler", "Saksbehandlar", "Reviewer";
        role_viewer: "Leser", "Lesar", "Viewer";
        roles: "Roller", "Roller", "Roles";
        save: "Lagre", "Lagre", "Save";
        skip: "Til innholdet", "Til innhaldet", "To the content";
        theme: "Farger", "Fargar", "Colours";
        theme_dark: "Mørke", "Mørke", "Dark";
        theme_light: "Lyse", "Lyse", "Light";
        theme_system: "Som maskinen", "Som maskina", "As the machine";
        too_much: "Skjemaet er for stort. Velg færre om gangen.", "Skjemaet er for stort. Vel færre om gongen.", "The form is too big. Choose fewer at a time.";
        too_much_title: "For mye på en gang", "For mykje på ein gong", "Too much at once";
        wait: "Mange mislykkede forsøk på rad. Vent et minutt før du prøver igjen.", "Mange mislukka forsøk på rad. Vent eit minutt før du prøver igjen.", "Many failed attempts in a row. Wait a minute before you try again.";
        weak_common: "Passordet er for vanlig. Velg et annet.", "Passordet er for vanleg. Vel eit anna.", "The password is too common. Choose another.";
        weak_long: "Passordet er for langt. Bruk høyst 200 tegn.", "Passordet er for langt. Bruk høgst 200 teikn.", "The password is too long. Use at most 200 characters.";
        weak_name: "Passordet kan ikke inneholde brukernavnet.", "Passordet kan ikkje innehalde brukarnamnet.", "The password cannot hold the user name.";
        weak_short: "Passordet er for kort. Bruk minst 12 tegn.", "Passordet er for kort. Bruk minst 12 teikn.", "The password is too short. Use at least 12 characters.";
        welcome: "Velg passordet du vil logge inn med.", "Vel passordet du vil logge inn med.", "Choose the password that you will log in with.";
        welcome_gone: "Lenken er brukt eller for gammel. Be administratoren om en ny.", "Lenkja er brukt eller for gammal. Be administratoren om ei ny.", "The link was used or is too old. Ask the administrator for a new one.";
        welcome_title: "Velkommen til Sluse", "Velkomen til Sluse", "Welcome to Sluse";
        wrong: "Brukernavn eller passord er feil.", "Brukarnamn eller passord er feil.", "User name or password is wrong.";
    }
}

impl FrameTexts {
    /// What a role is called.
    pub(super) fn role(&self, role: &Role) -> &'static str {
        match role {
            Role::Administrator => self.role_administrator,
            Role::Approver => self.role_approver,
            Role::Auditor => self.role_auditor,
            Role::Officer => self.role_officer,
            Role::Reviewer => self.role_reviewer,
            Role::Viewer => self.role_viewer,
        }
    }
}
