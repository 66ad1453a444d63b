//! `history`: the steps that made an image, newest first, with the layers that they gave.

use crate::{base::digest::Digest, base::time::Time, engine::Engine};

use super::Image;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The image's id, for the newest step alone.
    pub id: Option<Digest>,
    pub created: Option<Time>,
    pub created_by: String,
    pub comment: String,
    /// Of the layer as it is kept; 0 for a step without one.
    pub size: u64,
}

impl Engine {
    /// Gives the steps of an image, newest first.
    pub fn image_history(&self, name: &str) -> anyhow::Result<Vec<Step>> {
        let image = self.look_up_image(name, None)?;
        let sizes = image
            .blobs
            .iter()
            .map(|digest| self.layout.blob(digest).metadata().map_or(0, |found| found.len()));
        Ok(steps(&image, &sizes.collect::<Vec<u64>>()))
    }
}

fn steps(image: &Image, sizes: &[u64]) -> Vec<Step> {
    let mut sizes = sizes.iter().copied();
    let history = image.config.history.as_deref().unwrap_or_default();
    let mut steps: Vec<Step> = history
        .iter()
        .map(|step| Step {
            id: None,
            created: step
                .created
                .as_deref()
                .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                .map(Time::from),
            created_by: step.created_by.clone().unwrap_or_default(),
            comment: step.comment.clone().unwrap_or_default(),
            size: if step.empty_layer == Some(true) { 0 } else { sizes.next().unwrap_or(0) },
        })
        .collect();
    // Layers that no step speaks of.
    let created = image.config.created();
    steps.extend(sizes.map(|size| Step {
        id: None,
        created,
        created_by: String::new(),
        comment: String::new(),
        size,
    }));
    steps.reverse();
    if let Some(newest) = steps.first_mut() {
        newest.id = Some(image.id);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::config::History;

    #[test]
    fn steps_and_layers_go_together() {
        let mut image = Image::host();
        let step = |by: &str, empty| History {
            created_by: Some(by.to_owned()),
            empty_layer: empty,
            created: Some("2026-01-02T03:04:05Z".to_owned()),
            ..History::default()
        };
        image.config.history = Some(vec![step("add", None), step("env", Some(true)), step("run", None)]);
        let got: Vec<(String, u64)> =
            steps(&image, &[10, 20, 30]).into_iter().map(|step| (step.created_by, step.size)).collect();
        let want = [("", 30), ("run", 20), ("env", 0), ("add", 10)].map(|(by, size)| (by.to_owned(), size));
        assert_eq!(got, want);
        assert_eq!(steps(&image, &[])[0].id, Some(image.id));
        assert_eq!(steps(&image, &[])[2].created.unwrap().seconds(), 1_767_323_045);
    }
}
