//! Applies a platform's rules: to a draft before it is accepted, and to its files before the first call. All faults at once.

use serde_json::Value;
use url::Url;

use super::rules::{Broken, FileRule, KindRule, Need, OptionRule, Part, PollRule, Rules, TextRule, Unit};
use crate::clients::probe::Probe;
use crate::content::{Draft, Kind, Media, Poll};

/// Checks a draft; an empty list means that it may be published. `media_url` says why an address can't be fetched from.
pub(super) fn check(rules: &Rules, draft: &Draft, media_url: &dyn Fn(&str) -> Result<(), &'static str>) -> Vec<Broken> {
    let mut found = Vec::new();
    let Some(kind) = rules.kinds.iter().find(|rule| rule.kind == draft.kind) else {
        let known: Vec<&str> = rules.kinds.iter().map(|rule| rule.kind.into()).collect();
        let detail = format!("{} takes {}", rules.name, known.join(", "));
        return vec![Broken::new(Part::Kind, "kind_unsupported", detail)];
    };
    let text = (rules.text)(draft);
    check_text(Part::field("text"), (&kind.text, rules.unit), (!text.is_empty()).then_some(&text), &mut found);
    check_text(Part::field("title"), (&kind.title, Unit::Characters), draft.title.as_deref(), &mut found);
    // Where a text has weights of its own, a comment is such a text too.
    let comment_unit = if matches!(rules.unit, Unit::Weighted(_)) { rules.unit } else { Unit::Characters };
    check_text(Part::field("firstComment"), (&kind.comment, comment_unit), draft.first_comment.as_deref(), &mut found);
    check_link(kind, draft, &mut found);
    check_media(kind, draft, &mut found);
    check_thread(kind, rules.unit, draft, &mut found);
    check_poll(kind.poll.as_ref(), draft.poll.as_ref(), draft.kind, &mut found);
    check_options(rules.options, draft, &mut found);
    check_addresses(draft, media_url, &mut found);
    (rules.extra)(draft, &mut found);
    found
}

/// Checks one text against its rule; blank counts as absent where a text is required.
fn check_text(part: Part, (rule, unit): (&TextRule, Unit), text: Option<&str>, found: &mut Vec<Broken>) {
    let name = match &part {
        Part::Field(name, _) => *name,
        Part::Kind | Part::Option(_) => "text",
    };
    let code = |what: &'static str| -> &'static str {
        match (name, what) {
            ("title", "required") => "title_required",
            ("title", "not_allowed") => "title_not_allowed",
            ("title", "too_long") => "title_too_long",
            ("firstComment", "not_allowed") => "first_comment_not_allowed",
            ("firstComment", "too_long") => "first_comment_too_long",
            (_, "required") => "text_required",
            (_, "not_allowed") => "text_not_allowed",
            (_, "too_long") => "text_too_long",
            _ => "text_invalid",
        }
    };
    let Some(text) = text.filter(|text| rule.need != Need::Required || !text.trim().is_empty()) else {
        if rule.need == Need::Required {
            found.push(Broken::new(part, code("required"), format!("a post of this kind needs a {name}")));
        }
        return;
    };
    if rule.need == Need::Never {
        // A title written for other targets is simply not shown here; words that would be lost are refused.
        if name != "title" {
            found.push(Broken::new(
                part,
                code("not_allowed"),
                format!("a post of this kind shows no {name}; leave it out or override it"),
            ));
        }
        return;
    }
    match unit.count(text) {
        Err(reason) => found.push(Broken::new(part.clone(), "text_invalid", reason)),
        Ok(length) if length > rule.max => {
            let unit = unit.name().replace('_', " ");
            let detail =
                format!("the {name} counts {length} of at most {} {unit}; shorten it by {}", rule.max, length - rule.max);
            found.push(Broken::new(part.clone(), code("too_long"), detail).limit(rule.max));
        }
        Ok(_) => {}
    }
    check_signs(part, rule, text, found);
}

fn check_signs(part: Part, rule: &TextRule, text: &str, found: &mut Vec<Broken>) {
    let signs =
        [('#', rule.hashtags_max, "too_many_hashtags", "hashtags"), ('@', rule.mentions_max, "too_many_mentions", "mentions")];
    for (sign, max, code, name) in signs {
        let count = count_signs(text, sign);
        if let Some(max) = max.filter(|max| count > *max) {
            let detail = format!("the text has {count} of at most {max} {name}; remove {}", count - max);
            found.push(Broken::new(part.clone(), code, detail).limit(max));
        }
    }
}

/// How many words begin with `sign`, as platforms recognise hashtags and mentions: not inside a word, something after it.
fn count_signs(text: &str, sign: char) -> usize {
    let mut before = ' ';
    let mut count = 0;
    let mut rest = text.chars().peekable();
    while let Some(at) = rest.next() {
        let begins = at == sign && !before.is_alphanumeric() && before != '_';
        if begins && rest.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
            count += 1;
        }
        before = at;
    }
    count
}

fn check_link(kind: &KindRule, draft: &Draft, found: &mut Vec<Broken>) {
    let at = || Part::field("link");
    match (&draft.link, kind.link) {
        (None, Need::Required) => found.push(Broken::new(at(), "link_required", "a link post needs a link")),
        (Some(_), Need::Never) => {
            let detail = "only a link post has a link; put it into the text, or use the kind `link`";
            found.push(Broken::new(at(), "link_not_allowed", detail));
        }
        (Some(link), Need::Optional | Need::Required) => {
            let web = Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !web {
                found.push(Broken::new(at(), "link_invalid", "the link must be an http or https address"));
            }
        }
        (None, _) => {}
    }
}

fn check_media(kind: &KindRule, draft: &Draft, found: &mut Vec<Broken>) {
    let (min, max) = kind.media;
    let count = draft.media.len();
    let name: &str = draft.kind.into();
    if count > max {
        let code = if max == 0 { "media_not_allowed" } else { "too_many_media" };
        let detail = format!("a post of the kind `{name}` holds at most {max} files here, not {count}");
        found.push(Broken::new(Part::field("media"), code, detail).limit(max));
    } else if count < min {
        let detail = format!("a post of the kind `{name}` holds at least {min} files, not {count}");
        found.push(Broken::new(Part::field("media"), "too_few_media", detail).limit(min));
    }
    for (n, media) in draft.media.iter().enumerate() {
        check_alt_text(kind.alt_text_max, media, ("media", format!("/{n}/altText")), found);
    }
}

fn check_alt_text(max: usize, media: &Media, (field, below): (&'static str, String), found: &mut Vec<Broken>) {
    let length = media.alt_text.as_deref().map_or(0, |text| text.chars().count());
    // Where a kind has no place for a description it is left out, which changes nothing that people see.
    if max > 0 && length > max {
        let detail = format!("the description counts {length} of at most {max} characters");
        found.push(Broken::new(Part::Field(field, below), "alt_text_too_long", detail).limit(max));
    }
}

fn check_thread(kind: &KindRule, unit: Unit, draft: &Draft, found: &mut Vec<Broken>) {
    let (min, max) = kind.thread;
    let count = draft.thread.len();
    if count > max || count < min {
        let code = if max == 0 { "thread_not_allowed" } else { "thread_length" };
        let detail = format!("here a thread goes on with {min} to {max} posts, not {count}");
        found.push(Broken::new(Part::field("thread"), code, detail).limit(if count > max { max } else { min }));
    }
    for (n, post) in draft.thread.iter().enumerate() {
        let at = |below: &str| Part::Field("thread", format!("/{n}/{below}"));
        if post.text.trim().is_empty() && post.media.is_empty() {
            found.push(Broken::new(at("text"), "text_required", "a post of a thread needs a text or an image"));
        }
        check_text(at("text"), (&kind.text, unit), Some(&post.text).filter(|text| !text.is_empty()).map(String::as_str), found);
        if post.media.len() > kind.media.1 {
            let detail = format!("a post of a thread holds at most {} files, not {}", kind.media.1, post.media.len());
            found.push(Broken::new(at("media"), "too_many_media", detail).limit(kind.media.1));
        }
        for (m, media) in post.media.iter().enumerate() {
            check_alt_text(kind.alt_text_max, media, ("thread", format!("/{n}/media/{m}/altText")), found);
        }
    }
}

fn check_poll(rule: Option<&PollRule>, poll: Option<&Poll>, kind: Kind, found: &mut Vec<Broken>) {
    let (rule, poll) = match (rule, poll) {
        (Some(rule), Some(poll)) => (rule, poll),
        (Some(_), None) => {
            return found.push(Broken::new(Part::field("poll"), "poll_required", "a poll needs a question and its answers"));
        }
        // A poll written for other targets is not part of another kind.
        (None, _) => return,
    };
    debug_assert_eq!(kind, Kind::Poll, "only polls have a poll rule");
    let at = |below: &str| Part::Field("poll", below.to_owned());
    let question = poll.question.chars().count();
    if rule.question_max > 0 && (question == 0 || question > rule.question_max) {
        let detail = format!("the question has 1 to {} characters, not {question}", rule.question_max);
        found.push(Broken::new(at("/question"), "poll_question_length", detail).limit(rule.question_max));
    }
    let (min, max) = rule.options;
    if poll.options.len() < min || poll.options.len() > max {
        let detail = format!("a poll has {min} to {max} answers, not {}", poll.options.len());
        found.push(Broken::new(at("/options"), "poll_option_count", detail).limit(max));
    }
    for (n, option) in poll.options.iter().enumerate() {
        let length = option.chars().count();
        if length == 0 || length > rule.option_max {
            let detail = format!("an answer has 1 to {} characters, not {length}", rule.option_max);
            found.push(Broken::new(at(&format!("/options/{n}")), "poll_option_length", detail).limit(rule.option_max));
        }
    }
    let (shortest, longest) = rule.minutes;
    let fits = (shortest..=longest).contains(&poll.duration_minutes)
        && (rule.minutes_only.is_empty() || rule.minutes_only.contains(&poll.duration_minutes));
    if !fits {
        let detail = match rule.minutes_only {
            [] => format!("a poll runs {shortest} to {longest} minutes, not {}", poll.duration_minutes),
            only => format!("a poll runs one of {only:?} minutes, not {}", poll.duration_minutes),
        };
        found.push(Broken::new(at("/durationMinutes"), "poll_duration", detail).limit(longest));
    }
}

fn check_options(rules: &[OptionRule], draft: &Draft, found: &mut Vec<Broken>) {
    let given = serde_json::to_value(&draft.options).unwrap_or_default();
    let given = given.as_object();
    for name in given.into_iter().flatten().map(|(name, _)| name) {
        if !rules.iter().any(|rule| rule.name == name) {
            let known: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let detail = format!("this platform has no option `{name}`; it has: {known}");
            found.push(Broken::new(Part::Option(static_name(name)), "option_unsupported", detail));
        }
    }
    for rule in rules {
        match given.and_then(|given| given.get(rule.name)) {
            None if rule.required.contains(&draft.kind) => {
                let values = if rule.values.is_empty() { String::new() } else { format!(" ({})", rule.values.join(", ")) };
                let detail = format!("`{}` must be given here{values}: {}", rule.name, rule.about);
                found.push(Broken::new(Part::Option(rule.name), "option_required", detail));
            }
            Some(Value::String(word)) if !rule.values.is_empty() && !rule.values.contains(&word.as_str()) => {
                let detail = format!("`{word}` is not one of {}", rule.values.join(", "));
                found.push(Broken::new(Part::Option(rule.name), "option_invalid", detail));
            }
            _ => {}
        }
    }
}

/// An option's name as long as the program runs; all of them are known at compile time.
fn static_name(name: &str) -> &'static str {
    super::all_rules().flat_map(|rules| rules.options).map(|rule| rule.name).find(|known| *known == name).unwrap_or("")
}

fn check_addresses(draft: &Draft, media_url: &dyn Fn(&str) -> Result<(), &'static str>, found: &mut Vec<Broken>) {
    let media = draft.media.iter().enumerate().map(|(n, media)| (("media", format!("/{n}/url")), media.url.as_str()));
    let thread = draft.thread.iter().enumerate().flat_map(|(n, post)| {
        post.media.iter().enumerate().map(move |(m, media)| (("thread", format!("/{n}/media/{m}/url")), media.url.as_str()))
    });
    let thumbnail = draft.thumbnail.iter().map(|url| (("thumbnail", String::new()), url.as_str()));
    for ((field, below), url) in media.chain(thread).chain(thumbnail) {
        if let Err(reason) = media_url(url) {
            let detail = format!("the address is refused: {reason}");
            found.push(Broken::new(Part::Field(field, below), "media_url_refused", detail));
        }
    }
}

/// Checks one file against those that a kind takes: the one for its type decides. What could not be read is left to the platform.
pub(super) fn check_file(files: &[FileRule], probe: &Probe) -> Result<(), (&'static str, String)> {
    let fits = |file: &&FileRule| {
        file.types.contains(&probe.content_type.as_str())
            && file.animated.is_none_or(|wanted| probe.animated.is_none_or(|is| is == wanted))
    };
    let Some(file) = files.iter().find(fits) else {
        let known: Vec<&str> = files.iter().flat_map(|file| file.types).copied().collect();
        let is = if probe.content_type.is_empty() { "no known type" } else { probe.content_type.as_str() };
        let moving = if probe.animated == Some(true) { " (animated)" } else { "" };
        return Err(("media_type_refused", format!("the file is {is}{moving}, not one of {}", known.join(", "))));
    };
    let name = file.name;
    between("media_too_large", "media_too_small", (name, "bytes"), probe.bytes, file.bytes)?;
    between("media_dimensions", "media_dimensions", (name, "pixels wide"), probe.width, file.width)?;
    between("media_dimensions", "media_dimensions", (name, "pixels high"), probe.height, file.height)?;
    let pixels = probe.width.zip(probe.height).map(|(width, height)| u64::from(width) * u64::from(height));
    between("media_dimensions", "media_dimensions", (name, "pixels in all"), pixels, (0, file.pixels_max))?;
    let ratio = probe.width.zip(probe.height).map(|(width, height)| f64::from(width) / f64::from(height.max(1)));
    // Platforms round: an image of 1080 x 1350 counts as 4:5 whatever the last digit says.
    between("media_ratio", "media_ratio", (name, "wide per 1 high"), ratio, (file.ratio.0 - 0.01, file.ratio.1 + 0.01))?;
    between("media_too_long", "media_too_short", (name, "milliseconds long"), probe.duration_ms, file.duration_ms)?;
    // Half a frame of slack: rates are averages.
    between(
        "media_frame_rate",
        "media_frame_rate",
        (name, "frames per second"),
        probe.fps,
        (file.fps.0 - 0.5, file.fps.1 + 0.5),
    )?;
    between("media_too_many_pages", "media_too_many_pages", (name, "pages"), probe.pages, (0, file.pages_max))?;
    match &probe.video_codec {
        Some(codec) if !file.codecs.is_empty() && !file.codecs.contains(&codec.as_str()) => {
            Err(("media_codec", format!("the {name} is encoded as {codec}, not as one of {}", file.codecs.join(", "))))
        }
        _ => Ok(()),
    }
}

fn between<T: PartialOrd + std::fmt::Display + Copy>(
    over: &'static str,
    under: &'static str,
    (file, unit): (&str, &str),
    value: Option<T>,
    (min, max): (T, T),
) -> Result<(), (&'static str, String)> {
    match value {
        Some(value) if value > max => Err((over, format!("the {file} is {value:.6} {unit}, at most {max:.6} are taken"))),
        Some(value) if value < min => Err((under, format!("the {file} is {value:.6} {unit}, at least {min:.6} are needed"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashtags_and_mentions_are_words_of_their_own() {
        for (text, hashtags, mentions) in [
            ("", 0, 0),
            ("#one #two,#three", 3, 0),
            ("a#b mail@example.com", 0, 0),
            ("# @ ##", 0, 0),
            ("(@me) @you_2", 0, 2),
            ("#日本語 #ünï", 2, 0),
        ] {
            assert_eq!((count_signs(text, '#'), count_signs(text, '@')), (hashtags, mentions), "{text}");
        }
    }

    #[test]
    fn a_file_is_held_to_the_rule_of_its_own_type() {
        let image = FileRule { name: "image", types: &["image/jpeg"], bytes: (1, 100), ratio: (0.8, 1.91), ..FileRule::ANY };
        let video =
            FileRule { name: "video", types: &["video/mp4"], duration_ms: (3000, 90_000), codecs: &["h264"], ..FileRule::ANY };
        let files = [image, video];
        let jpeg = Probe {
            content_type: "image/jpeg".to_owned(),
            bytes: Some(50),
            width: Some(1080),
            height: Some(1350),
            ..Probe::default()
        };
        let mp4 = Probe {
            content_type: "video/mp4".to_owned(),
            duration_ms: Some(4000),
            video_codec: Some("h264".to_owned()),
            ..Probe::default()
        };
        let code = |probe: &Probe| check_file(&files, probe).err().map(|(code, _)| code);

        assert_eq!((code(&jpeg), code(&mp4)), (None, None));
        assert_eq!(code(&Probe { bytes: Some(101), ..jpeg.clone() }), Some("media_too_large"));
        assert_eq!(code(&Probe { height: Some(1), ..jpeg.clone() }), Some("media_ratio"));
        assert_eq!(code(&Probe { content_type: "image/png".to_owned(), ..jpeg }), Some("media_type_refused"));
        assert_eq!(code(&Probe { duration_ms: Some(100), ..mp4.clone() }), Some("media_too_short"));
        assert_eq!(code(&Probe { duration_ms: Some(100_000), ..mp4.clone() }), Some("media_too_long"));
        assert_eq!(code(&Probe { video_codec: Some("vp9".to_owned()), ..mp4 }), Some("media_codec"));
    }
}
