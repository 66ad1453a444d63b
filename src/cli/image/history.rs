//! `coracle history`.

use clap::{ArgAction, Args};

use crate::{
    base::{size, time::Time},
    cli::{
        Run,
        exit::Exit,
        output::{self, Field, Format, Listing},
    },
    engine::{Engine, image::history::Step},
};

use super::ls::ago;

#[derive(Debug, Args)]
pub(super) struct History {
    /// Print with a template, or as json
    #[arg(long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Print sizes and times for people, or (--human=false) bytes and dates
    #[arg(short = 'H', long, action = ArgAction::Set, num_args = 0..=1, require_equals = true,
          default_value_t = true, default_missing_value = "true", value_name = "BOOLEAN")]
    human: bool,
    /// Show whole ids and commands
    #[arg(long)]
    no_trunc: bool,
    /// Show ids alone
    #[arg(short, long)]
    quiet: bool,
    #[arg(value_name = "IMAGE")]
    image: String,
}

impl Run for History {
    fn run(self) -> anyhow::Result<Exit> {
        let steps = Engine::open()?.image_history(&self.image)?;
        let (human, whole) = (self.human, self.no_trunc);
        let rows: Vec<Row> = steps.into_iter().map(|step| Row { step, human, whole }).collect();
        if self.quiet {
            output::text(&rows.iter().map(|row| format!("{}\n", row.id())).collect::<String>())?;
        } else {
            LISTING.print(&rows, &self.format.unwrap_or_default())?;
        }
        Ok(Exit::Success)
    }
}

struct Row {
    step: Step,
    human: bool,
    /// `--no-trunc`.
    whole: bool,
}

const LISTING: Listing<Row> = Listing {
    fields: &[
        Field { name: "ID", heading: "IMAGE", value: |row| row.id().into() },
        Field { name: "CreatedSince", heading: "CREATED", value: |row| row.created().into() },
        Field { name: "CreatedAt", heading: "CREATED AT", value: |row| row.created_at().into() },
        Field { name: "CreatedBy", heading: "CREATED BY", value: |row| row.created_by().into() },
        Field { name: "Size", heading: "SIZE", value: |row| row.size().into() },
        Field { name: "Comment", heading: "COMMENT", value: |row| row.step.comment.as_str().into() },
    ],
    columns: &["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
};

impl Row {
    fn id(&self) -> String {
        match &self.step.id {
            None => "<missing>".to_owned(),
            Some(id) if self.whole => id.to_string(),
            Some(id) => id.short(),
        }
    }

    fn created(&self) -> String {
        if self.human { ago(self.step.created) } else { self.created_at() }
    }

    fn created_at(&self) -> String {
        let seconds = |time: Time| time.instant().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.step.created.map_or_else(|| "N/A".to_owned(), seconds)
    }

    fn created_by(&self) -> String {
        let text = self.step.created_by.replace(['\n', '\t'], " ");
        if self.whole || text.chars().count() <= 45 {
            return text;
        }
        text.chars().take(44).chain(['…']).collect()
    }

    fn size(&self) -> String {
        if self.human { size::decimal(self.step.size) } else { self.step.size.to_string() }
    }
}
