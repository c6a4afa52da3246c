//! What the pages about log-in at a provider say.

use super::texts::texts;

texts! {
    /// The texts about log-in at a provider.
    OidcTexts {
        back: "Til innlogging", "Til innlogging", "To the log-in page";
        busy: "Mange logger inn akkurat nå. Prøv igjen om litt.", "Mange loggar inn akkurat no. Prøv igjen om litt.", "Many are logging in right now. Try again in a while.";
        closed: "Kontoen din er stengt. Be administratoren om å åpne den hvis du trenger den.", "Kontoen din er stengd. Be administratoren om å opne han om du treng han.", "Your account is closed. Ask the administrator to open it if you need it.";
        declined: "Innloggingen ble avbrutt hos innloggingstjenesten. Prøv igjen.", "Innlogginga blei avbroten hos innloggingstenesta. Prøv igjen.", "The log-in was broken off at the log-in service. Try again.";
        down: "Innloggingstjenesten svarer ikke som den skal. Prøv igjen om litt, eller logg inn med passord hvis du har det.", "Innloggingstenesta svarar ikkje som ho skal. Prøv igjen om litt, eller logg inn med passord om du har det.", "The log-in service does not answer as it should. Try again in a while, or log in by password if you have one.";
        foreign: "Innloggingen tok for lang tid, ble startet i en annen nettleser eller er allerede brukt. Begynn på nytt.", "Innlogginga tok for lang tid, blei starta i ein annan nettlesar eller er alt brukt. Byrj på nytt.", "The log-in took too long, began in another browser or was used already. Start anew.";
        no_role: "Du er logget inn hos innloggingstjenesten, men har ingen rolle i Sluse. Be administratoren om tilgang.", "Du er logga inn hos innloggingstenesta, men har inga rolle i Sluse. Be administratoren om tilgang.", "You are logged in at the log-in service, but have no role in Sluse. Ask the administrator for access.";
        on_file: "Logger inn hos", "Loggar inn hos", "Logs in at";
        or: "Eller med brukernavn og passord", "Eller med brukarnamn og passord", "Or with user name and password";
        reopen: "Åpne kontoen igjen", "Opne kontoen igjen", "Open the account again";
        reopen_what: "Personen kan logge inn igjen hos innloggingstjenesten.", "Personen kan logge inn igjen hos innloggingstenesta.", "The person can log in again at the log-in service.";
        roles_what: "Rollene kommer fra innloggingstjenesten og settes på nytt ved hver innlogging.", "Rollene kjem frå innloggingstenesta og blir sette på nytt ved kvar innlogging.", "The roles come from the log-in service and are set anew at each log-in.";
        title: "Du er ikke logget inn", "Du er ikkje logga inn", "You are not logged in";
        unmet: "Innloggingen oppfyller ikke kravene våre. Logg inn med et høyere sikkerhetsnivå, eller med kontoen i virksomheten din.", "Innlogginga oppfyller ikkje krava våre. Logg inn med eit høgare tryggleiksnivå, eller med kontoen i verksemda di.", "The log-in does not meet our requirements. Log in at a higher level of security, or with your account in the organisation.";
        untrusted: "Svaret fra innloggingstjenesten kunne ikke kontrolleres. Prøv igjen, og si fra til administratoren hvis det skjer flere ganger.", "Svaret frå innloggingstenesta kunne ikkje kontrollerast. Prøv igjen, og sei frå til administratoren om det skjer fleire gonger.", "The answer of the log-in service could not be verified. Try again, and tell the administrator if it happens more than once.";
        with: "Logg inn med", "Logg inn med", "Log in with";
    }
}
