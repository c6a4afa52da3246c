//! What the page about tokens says.

use super::texts::texts;

texts! {
    /// The texts of the page about tokens.
    TokenTexts {
        about: "Et program med et token kan gjøre det samme som du, med de rollene du velger her. Det stopper når kontoen din nullstilles eller stenges.", "Eit program med eit token kan gjere det same som du, med dei rollene du vel her. Det stoppar når kontoen din blir nullstilt eller stengd.", "A program with a token can do what you can, with the roles that you choose here. It stops when your account is reset or closed.";
        all: "Dine token", "Dine token", "Your tokens";
        day_30: "30 dager", "30 dagar", "30 days";
        day_90: "90 dager", "90 dagar", "90 days";
        day_365: "Et år", "Eit år", "A year";
        days: "Virker i", "Verkar i", "Works for";
        description: "Beskrivelse av grensesnittet (OpenAPI)", "Skildring av grensesnittet (OpenAPI)", "Description of the interface (OpenAPI)";
        end: "Trekk tilbake", "Trekk tilbake", "Take back";
        ended: "Over", "Over", "Over";
        made: "Ta vare på tokenet nå. Det vises ikke igjen.", "Ta vare på tokenet no. Det blir ikkje vist igjen.", "Keep the token now. It is not shown again.";
        make: "Lag et token", "Lag eit token", "Make a token";
        name: "Hva det er til", "Kva det er til", "What it is for";
        none: "Du har ingen token.", "Du har ingen token.", "You have no tokens.";
        state: "Tilstand", "Tilstand", "State";
        title: "Token for programmer", "Token for program", "Tokens for programs";
        token: "Token", "Token", "Token";
        until: "Til", "Til", "Until";
        used: "Sist brukt", "Sist brukt", "Last used";
        works: "Virker", "Verkar", "Works";
        wrong_days: "Et token virker i høyst 365 dager.", "Eit token verkar i høgst 365 dagar.", "A token works for at most 365 days.";
        wrong_name: "Skriv kort hva tokenet er til, uten personopplysninger.", "Skriv kort kva tokenet er til, utan personopplysningar.", "Say briefly what the token is for, without personal data.";
        wrong_roles: "Velg minst én av rollene dine.", "Vel minst éi av rollene dine.", "Choose at least one of your roles.";
    }
}
