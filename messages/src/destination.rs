//! Destinations of messages: verified addresses, their masks, and decoys for users without one.

use cognito_challenge::code::digits;
use cognito_challenge::keys::Keys;
use cognito_challenge::user::User;

/// A channel for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// E-mail, sent to the attribute `email`.
    Email,
    /// Text message, sent to the attribute `phone_number`.
    Sms,
}

/// The number of decoys, of 256, whose first letter is that of the username. Many real addresses start like the
/// username.
const LIKE_THE_NAME: u8 = 154;

/// First letters of addresses. Frequent letters are repeated.
const LETTERS: &[u8] = b"aaabbccdddeefghijjjjkklllmmmmnnoppprrrsssttvwy";

/// First letters of mail domains. Letters of large providers are repeated.
const DOMAINS: &[u8] = b"gggggggggggggggghhhhyyyyooooiiimmabcdefklnprstuw";

impl Medium {
    /// The name of the medium, as in Cognito's `CODE_DELIVERY_DELIVERY_MEDIUM`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
        }
    }

    /// Returns the verified and valid address of `user`, if the user is confirmed.
    pub fn address<'a>(self, user: &User<'a>) -> Option<&'a str> {
        let confirmed = user.attribute("cognito:user_status")? == "CONFIRMED";
        self.verified_address(user).filter(|_| confirmed)
    }

    /// Returns the verified and valid address of `user`, whatever the user's status.
    pub fn verified_address<'a>(self, user: &User<'a>) -> Option<&'a str> {
        let (attribute, verified) = match self {
            Self::Email => ("email", "email_verified"),
            Self::Sms => ("phone_number", "phone_number_verified"),
        };
        let verified = user.attribute(verified)?.eq_ignore_ascii_case("true");
        let address = user.attribute(attribute)?;
        (verified && self.is_address(address)).then_some(address)
    }

    /// Masks `address` as Cognito does: `f***@e***` or `+*******1234`.
    pub fn mask(self, address: &str) -> String {
        match self {
            Self::Email => {
                let (local, domain) = address.split_once('@').unwrap_or((address, ""));
                let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
                format!("{}***@{}***", first(local), first(domain))
            }
            Self::Sms => {
                let start = address.len().saturating_sub(4);
                format!("+*******{}", address.get(start..).unwrap_or_default())
            }
        }
    }

    /// Returns the mask of an address that `user` could have. It is always the same for a username.
    ///
    /// If the username is an address itself, it is masked, because people sign in with their addresses.
    pub fn decoy(self, keys: &Keys, user: &User<'_>) -> String {
        let name = user.identity();
        if self.is_address(&name) {
            return self.mask(&name);
        }
        let parts = [self.name(), user.pool, &name].map(str::as_bytes);
        // The first key does not change when the secret is rotated, like the address of an existing user.
        let hash = keys.first().mac("codes: decoy destination", &parts);
        match self {
            Self::Email => {
                let [like_the_name, letter, domain, ..] = hash;
                let of_name = name.chars().next().filter(char::is_ascii_alphabetic);
                let of_name = of_name.filter(|_| like_the_name < LIKE_THE_NAME && !is_uuid(&name));
                let local = of_name.unwrap_or_else(|| pick(LETTERS, letter)).to_ascii_lowercase();
                format!("{local}***@{}***", pick(DOMAINS, domain))
            }
            Self::Sms => format!("+*******{}", digits(hash, 4)),
        }
    }

    /// Whether `text` is one address. Line breaks and other characters that could separate addresses are not allowed.
    pub fn is_address(self, text: &str) -> bool {
        match self {
            Self::Email => is_email(text),
            Self::Sms => is_e164(text),
        }
    }
}

/// Whether `name` has the form of the usernames that Cognito generates. Addresses do not start like these.
fn is_uuid(name: &str) -> bool {
    name.len() == 36 && name.chars().filter(|c| *c == '-').count() == 4
}

/// Selects one of `letters`.
fn pick(letters: &[u8], by: u8) -> char {
    let index = usize::from(by) * letters.len() / 256;
    letters.get(index).map_or('a', |letter| char::from(*letter))
}

/// Whether `text` is an address of RFC 5321 in ASCII, without quotes and comments. Amazon SES accepts only these. Libraries
/// for addresses also accept quoted names, literal IP addresses and Unicode.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_part = |part: &str| {
        let special = |c: char| "!#$%&'*+-/=?^_`{|}~".contains(c);
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || special(c))
    };
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len()) && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 254 && local.len() <= 64 && local.split('.').all(local_part) && domain.split('.').all(label)
}

/// Whether `text` is a phone number of ITU-T E.164: `+`, then 8 to 15 digits. The first digit is not 0. The
/// numbering plan of each country, which a library would add, is checked by Amazon SNS.
fn is_e164(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else {
        return false;
    };
    (8..=15).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit()) && !number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use cognito_challenge::user::Existence;

    use super::*;

    #[test]
    fn only_addresses_are_addresses() {
        // RFC 5321 and RFC 1035: 64 characters before the `@`, 63 in a label, 254 in all.
        let longest = |local: usize, label: usize, last: usize| {
            let [local, label, last] = [local, label, last].map(|length| "a".repeat(length));
            format!("{local}@{label}.{label}.{last}")
        };
        for email in [
            "fixture@example.com",
            "a@b",
            "a.b+c@x-y.example",
            "o'neil@example.com",
            &longest(64, 63, 61),
        ] {
            assert!(is_email(email), "{email}");
        }
        for email in [
            "",
            "@",
            "a@",
            "@b",
            "a b@example.com",
            "a@b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com\n",
            "a@example.com,b@example.com",
            "<a@example.com>",
            "\"a\"@example.com",
            ".a@example.com",
            "a..b@example.com",
            "a@-example.com",
            "a@example-.com",
            "a@example..com",
            "ä@example.com",
            "a@éxample.com",
            "a\0@example.com",
            &longest(65, 1, 1),
            &longest(1, 64, 1),
            &longest(64, 63, 62),
        ] {
            assert!(!is_email(email), "{email}");
        }
        for number in ["+12065550100", "+4917612345678", "+12345678", "+123456789012345"] {
            assert!(is_e164(number), "{number}");
        }
        for number in [
            "",
            "+",
            "12065550100",
            "+1 206 555 0100",
            "+0206555010",
            "+1206555",
            "+1234567890123456",
            "+1206555010x",
            "+１２０６５５５０１００",
            "+12065550100\n",
        ] {
            assert!(!is_e164(number), "{number}");
        }
    }

    #[test]
    fn masks_are_those_of_cognito() {
        assert_eq!(Medium::Email.mask("fixture@example.com"), "f***@e***");
        assert_eq!(Medium::Sms.mask("+12065551234"), "+*******1234");
        assert_eq!(Medium::Sms.mask("+4915112345678"), "+*******5678");
    }

    #[test]
    fn only_a_confirmed_user_with_a_verified_address_has_one() {
        let all = [
            ("email", "ada@example.com"),
            ("email_verified", "true"),
            ("cognito:user_status", "CONFIRMED"),
        ];
        let address = |existence, change: (&str, &str)| {
            let changed = all.into_iter().chain([change]);
            let attributes: HashMap<String, String> =
                changed.map(|(name, value)| (name.into(), value.into())).collect();
            let user = User::new("p", "ada", existence, &attributes);
            Medium::Email.address(&user).map(str::to_owned)
        };
        for unchanged in [("x", "y"), ("email_verified", "True")] {
            let found = address(Existence::Existing, unchanged);
            assert_eq!(found.as_deref(), Some("ada@example.com"));
        }
        assert_eq!(address(Existence::Nonexistent, ("x", "y")), None);
        for change in [
            ("email", ""),
            ("email", "ada"),
            ("email", "ada@example.com\r\nBcc: eve@example.com"),
            ("email_verified", "false"),
            ("email_verified", ""),
            ("cognito:user_status", "UNCONFIRMED"),
            ("cognito:user_status", "FORCE_CHANGE_PASSWORD"),
            ("cognito:user_status", ""),
        ] {
            assert_eq!(address(Existence::Existing, change), None, "{change:?}");
        }
    }

    #[test]
    fn a_letter_is_drawn_as_often_as_it_is_in_the_list() {
        for letters in [LETTERS, DOMAINS] {
            for letter in letters.iter().copied().map(char::from).collect::<BTreeSet<_>>() {
                let listed = letters.iter().filter(|other| char::from(**other) == letter).count();
                let drawn = (0..=u8::MAX).filter(|by| pick(letters, *by) == letter).count();
                assert!(
                    (listed * 256).abs_diff(drawn * letters.len()) < letters.len(),
                    "{letter}: {drawn} of 256"
                );
            }
        }
    }

    #[test]
    fn a_name_is_like_its_address_unless_cognito_made_it() {
        for (name, made) in [
            ("8a1f2b3c-0000-4000-8000-00000000abcd", true),
            ("zoe-of-the-long-name-in-the-user-pool", false),
            ("a-b-c-d-e", false),
            ("a_name_that_has_thirty-six_characters", false),
            ("abcdefghijklmnopqrstuvwxyzabcdefghij", false),
        ] {
            assert_eq!(is_uuid(name), made, "{name}");
        }
    }

    #[test]
    fn a_decoy_is_stable_has_the_form_of_a_mask_and_differs_between_names() {
        let (keys, attributes) = (Keys::parse(&"k".repeat(32)).unwrap(), HashMap::new());
        let decoy = |medium: Medium, name: &str| {
            medium.decoy(&keys, &User::new("p", name, Existence::Nonexistent, &attributes))
        };
        let mut seen = BTreeSet::new();
        let mut like_the_name = 0;
        for number in 0..500 {
            let name = format!("zoe{number}");
            let email = decoy(Medium::Email, &name);
            assert_eq!(email, decoy(Medium::Email, &name.to_uppercase()));
            assert_eq!((email.len(), &email[1..5], &email[6..]), (9, "***@", "***"));
            like_the_name += u32::from(email.starts_with('z'));
            seen.insert(email);
            let phone = decoy(Medium::Sms, &name);
            assert!(phone.starts_with("+*******") && phone.len() == 12, "{phone}");
        }
        assert!(seen.len() > 50, "{seen:?}");
        let [old, new] = ["k", "n"].map(|letter| letter.repeat(32));
        let changed = Keys::parse(&format!(r#"{{"current":"{new}","first":"{old}"}}"#)).unwrap();
        let zoe = User::new("p", "zoe1", Existence::Nonexistent, &attributes);
        assert_eq!(Medium::Sms.decoy(&changed, &zoe), decoy(Medium::Sms, "zoe1"));
        assert!((200..400).contains(&like_the_name), "{like_the_name}");
        assert_eq!(decoy(Medium::Email, "Bob@Home.example"), "b***@h***");
        // Usernames that Cognito generated share no letter with an address.
        let made = (0..500).map(|number| decoy(Medium::Email, &format!("za1f2b3c-0000-4000-8000-{number:012}")));
        assert!(!made.into_iter().any(|mask| mask.starts_with('z')));
        let letters = (0..500).map(|number| decoy(Medium::Email, &format!("8a1f2b3c-0000-4000-8000-{number:012}")));
        let letters: BTreeSet<_> = letters.filter_map(|mask| mask.chars().next()).collect();
        assert!(
            letters.len() > 15 && letters.iter().all(char::is_ascii_lowercase),
            "{letters:?}"
        );
        assert_eq!(decoy(Medium::Sms, "+12065551234"), "+*******1234");
    }
}
