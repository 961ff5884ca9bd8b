//! What names, streets and places are made of. Every name is a combination of common words.

/// First parts of company names, in several scripts.
pub(super) const ADJECTIVES: &[&str] = &[
    "Northern",
    "Blue",
    "Grüne",
    "Süd",
    "Ångström",
    "Île",
    "Señor",
    "Łódź",
    "Čistá",
    "Ελληνική",
    "Αιγαίου",
    "Северный",
    "Жёлтый",
    "東方",
    "富士",
    "한빛",
    "الشرق",
    "النور",
    "צפון",
    "भारत",
    "ไทย",
    "O'Neil",
    "L'Étoile",
    "\"Alpha\"",
    "Back\\Slash",
    "50% + More",
    "A & B",
    "<Tag>",
    "🚚 Rapid",
    "Zero\u{200d}Width",
];

/// Second parts.
pub(super) const NOUNS: &[&str] = &[
    "Steel",
    "Werkzeuge",
    "Schrauben",
    "Électronique",
    "Maderas",
    "Papír",
    "Χάλυβας",
    "Металл",
    "Бумага",
    "鋼業",
    "電機",
    "철강",
    "للمعادن",
    "פלדה",
    "Bearings",
    "Coatings",
    "Fasteners",
    "Logistics",
    "Plastics",
    "Textiles",
    "Optik",
];

/// Legal forms.
pub(super) const FORMS: &[&str] = &[
    "Ltd",
    "GmbH",
    "AG",
    "S.A.",
    "AB",
    "Oy",
    "s.r.o.",
    "ΑΕ",
    "ООО",
    "株式会社",
    "주식회사",
    "LLC",
    "B.V.",
    "Kft.",
];

/// Streets.
pub(super) const STREETS: &[&str] = &[
    "Main Street",
    "Hauptstraße",
    "Rue de l'Église",
    "Calle Mayor",
    "Storgatan",
    "Οδός Ερμού",
    "ул. Ленина",
    "中央通り",
    "شارع النيل",
    "Via \"Roma\"",
    "Třída Míru",
    "50th Ave; Suite 7",
    "C/O Box #12",
];

/// Cities with their country, state and a postal code.
pub(super) const PLACES: &[(&str, &str, Option<&str>, &str)] = &[
    ("Hamburg", "DE", None, "20095"),
    ("München", "DE", Some("Bayern"), "80331"),
    ("Göteborg", "SE", None, "411 03"),
    ("Reykjavík", "IS", None, "101"),
    ("São Paulo", "BR", Some("SP"), "01310-100"),
    ("Αθήνα", "GR", None, "105 57"),
    ("Łódź", "PL", None, "90-001"),
    ("東京", "JP", None, "100-0001"),
    ("서울", "KR", None, "04524"),
    ("القاهرة", "EG", None, "11511"),
    ("תל אביב", "IL", None, "6100000"),
    ("Austin", "US", Some("TX"), "78701"),
    ("'s-Hertogenbosch", "NL", None, "5211"),
    ("Villeneuve-d'Ascq", "FR", None, "59491"),
    ("Brno", "CZ", None, "602 00"),
    ("Toronto", "CA", Some("ON"), "M5H 2N2"),
    ("Pristina", "XK", None, "10000"),
    ("Zürich", "CH", None, "8001"),
];

/// Currencies.
pub(super) const CURRENCIES: &[&str] = &["EUR", "USD", "SEK", "JPY", "GBP", "CHF", "PLN", "BRL"];

/// Payment terms: net days, as codes.
pub(super) const PAY_TERMS: &[&str] = &["0", "10", "30", "30-2%", "45", "60EOM", "90"];

/// Delivery terms (Incoterms).
pub(super) const DELIVERY_TERMS: &[&str] = &["EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FOB"];
