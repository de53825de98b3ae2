//! The sessions that a flow allows, as regular expressions that are matched letter by letter. This states the rules of
//! a sign-in independently of the code that decides.

/// A kind of entry. Upper case is a right answer, lower case a wrong one.
///
/// `S` is `SRP_A`, `V` is `PASSWORD_VERIFIER`, `M` is Cognito's own second factor. `C`, `P` and `Q` are `CAPTCHA`,
/// `PROOF_OF_WORK` and `SECURITY_QUESTION`. `T` is `CODE` with a state and `U` is `CODE` alone. `X` is an unknown
/// challenge, `Z` is `CODE` with an invalid state, and `N` is null.
pub type Letter = char;

/// A flow, and the sessions that end with tokens.
pub struct Rule {
    /// The flow.
    pub line: &'static str,
    /// The right answers to its challenges, to an unknown challenge, and to null.
    pub letters: &'static str,
    /// The maximum length of sessions.
    pub longest: u32,
    /// A regular expression of letters and sets of letters. `?` marks optional ones.
    tokens: &'static str,
}

/// The default flow and other flows.
pub const RULES: [Rule; 11] = [
    Rule {
        line: "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3",
        letters: "CPQXN",
        longest: 7,
        tokens: "S V M? cp? cp? CP q? q? Q",
    },
    Rule {
        line: "PASSWORD,CAPTCHA:1,SECURITY_QUESTION:1",
        letters: "CQXN",
        longest: 7,
        tokens: "S V M? C Q",
    },
    Rule {
        line: "PASSWORD",
        letters: "CXN",
        longest: 7,
        tokens: "S V M?",
    },
    Rule {
        line: "CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3",
        letters: "CPQXN",
        longest: 7,
        tokens: "cp? cp? CP q? q? Q",
    },
    Rule {
        line: "CAPTCHA:3,SECURITY_QUESTION:2",
        letters: "CQXN",
        longest: 7,
        tokens: "c? c? C q? Q",
    },
    Rule {
        line: "PROOF_OF_WORK:3",
        letters: "PXN",
        longest: 7,
        tokens: "p? p? P",
    },
    Rule {
        line: "SECURITY_QUESTION:1,SECURITY_QUESTION:2",
        letters: "QXN",
        longest: 7,
        tokens: "Q q? Q",
    },
    Rule {
        line: "SECURITY_QUESTION:9",
        letters: "QXN",
        longest: 9,
        tokens: "q? q? q? q? q? q? q? q? Q",
    },
    Rule {
        line: "SECURITY_QUESTION|PROOF_OF_WORK|CAPTCHA:2,PROOF_OF_WORK:2",
        letters: "CPQXN",
        longest: 7,
        tokens: "qpc? QPC p? P",
    },
    Rule {
        line: "CODE:3,CAPTCHA:2",
        letters: "TUZCX",
        longest: 7,
        tokens: "tu? tu? TU c? C",
    },
    Rule {
        line: "PASSWORD,CAPTCHA|CODE:2,CODE:1",
        letters: "TUZCN",
        longest: 6,
        tokens: "S V M? tuc? TUC TU",
    },
];

/// The maximum length of sessions in which Cognito's own entries can be at any position.
pub const LONGEST_MIXED: u32 = 5;

impl Rule {
    /// Returns whether create has an issuer for each challenge of the flow.
    pub fn is_standard(&self) -> bool {
        !self.line.contains("CODE")
    }

    /// Returns the position of an empty session.
    pub fn start(&self) -> Open {
        let places = self.tokens.split(' ').map(|atom| {
            let letters = atom.trim_end_matches('?');
            (letters.chars().collect(), letters != atom)
        });
        Open::new(places.collect())
    }

    /// Returns the starts of sessions: empty, or Cognito's entries for a password.
    pub fn starts(&self) -> &'static [&'static str] {
        if self.tokens.starts_with('S') {
            &["", "SV", "SVM"]
        } else {
            &[""]
        }
    }

    /// Returns all letters, including Cognito's own.
    pub fn mixed(&self) -> String {
        format!("{}SVM", self.letters)
    }

    /// Returns the number of sessions whose entries have one of `results` results.
    ///
    /// These are sessions with up to [`Rule::longest`] entries after each start, and with up to [`LONGEST_MIXED`]
    /// entries that include Cognito's own.
    pub fn sessions(&self, results: u64) -> u64 {
        let up_to = |longest: u32, letters: &str| -> u64 {
            let entries = letters.len() as u64 * results;
            (0..=longest).map(|length| entries.pow(length)).sum()
        };
        self.starts().len() as u64 * up_to(self.longest, self.letters) + up_to(LONGEST_MIXED, &self.mixed())
    }
}

/// The possible positions of a session in the expression. After an unexpected entry, no position is possible.
#[derive(Clone)]
pub struct Open {
    places: std::rc::Rc<[(Vec<Letter>, bool)]>,
    /// One bit for each position, and one for the end.
    at: u64,
}

impl Open {
    fn new(places: Vec<(Vec<Letter>, bool)>) -> Self {
        let at = reachable(&places, 0);
        Self {
            places: places.into(),
            at,
        }
    }

    /// Returns the position after one more entry.
    #[must_use]
    pub fn then(&self, letter: Letter) -> Self {
        let mut at = 0;
        if self.at != 0 {
            for (index, (letters, _)) in self.places.iter().enumerate() {
                if self.at & (1 << index) != 0 && letters.contains(&letter) {
                    at |= reachable(&self.places, index + 1);
                }
            }
        }
        Self {
            places: self.places.clone(),
            at,
        }
    }

    /// Returns whether every step was passed, in order, and within its attempts.
    pub fn passed(&self) -> bool {
        self.at & (1 << self.places.len()) != 0
    }

    /// Returns whether the sign-in ended without tokens.
    pub fn denied(&self) -> bool {
        self.at == 0
    }

    /// Returns the right answers that are possible next.
    pub fn right(&self) -> String {
        let here = self
            .places
            .iter()
            .enumerate()
            .filter(|(index, _)| self.at & (1 << index) != 0);
        let mut right: Vec<Letter> = here.flat_map(|(_, (letters, _))| letters).copied().collect();
        right.retain(char::is_ascii_uppercase);
        right.sort_unstable();
        right.into_iter().collect()
    }
}

/// Returns `index` and the positions after it that are reachable through optional letters.
fn reachable(places: &[(Vec<Letter>, bool)], index: usize) -> u64 {
    let optional = places[index..].iter().take_while(|(_, optional)| *optional).count();
    (index..=index + optional).map(|place| 1 << place).sum()
}
