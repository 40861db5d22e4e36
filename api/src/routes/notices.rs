//! What people have to know: accounts to reconnect, renewals that fail, posts at risk.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use shared::app::App;
use shared::entity::notice;
use shared::error::ErrorRecord;
use shared::ids::NoticeId;
use shared::store::notices;

use super::jobs::parse;
use super::{LIMIT_DEFAULT, LIMIT_MAX, Tag};
use crate::auth::ApiKey;
use crate::problem::ApiError;

/// Something that a person has to know, told once for each cause.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Notice {
    /// The id.
    pub id: String,
    /// What it is about: account_needs_reconnect, refresh_failing or post_at_risk.
    pub kind: String,
    /// The account it is about.
    pub account_id: Option<String>,
    /// The post it is about.
    pub post_id: Option<String>,
    /// A stable code of what happened.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The platform's own words.
    pub platform_message: Option<String>,
    /// What to do about it.
    pub remedy: String,
    /// When it was told.
    pub created_at: String,
    /// When it was over; absent while it is open.
    pub resolved_at: Option<String>,
}

/// A page of notices, newest first.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct NoticePage {
    /// The notices.
    pub data: Vec<Notice>,
    /// Send it as `cursor` for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

impl From<notice::Model> for Notice {
    fn from(row: notice::Model) -> Self {
        let detail: Option<ErrorRecord> = serde_json::from_str(&row.detail).ok();
        let (code, message, platform_message, remedy) = match detail {
            Some(detail) => (detail.code, detail.message, detail.platform_message, detail.remedy),
            None => (row.kind.clone(), String::new(), None, String::new()),
        };
        Self {
            id: row.id.to_string(),
            kind: row.kind,
            account_id: row.account_id.as_ref().map(ToString::to_string),
            post_id: row.post_id.as_ref().map(ToString::to_string),
            code,
            message,
            platform_message,
            remedy,
            created_at: row.created_at.to_string(),
            resolved_at: row.resolved_at.map(|at| at.to_string()),
        }
    }
}

/// The routes of notices.
pub struct Notices;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl Notices {
    /// Lists notices, newest first.
    #[oai(path = "/notices", method = "get", operation_id = "listNotices")]
    #[expect(clippy::too_many_arguments, reason = "each filter is a parameter of its own in the API's document")]
    async fn list(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// Only those that are not over.
        open: Query<Option<bool>>,
        /// `nextCursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows per page, 1 to 100.
        #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<Option<u32>>,
    ) -> Result<Json<NoticePage>, ApiError> {
        let caller = key.allow("accounts:read")?;
        let before: Option<NoticeId> = parse("cursor", cursor.0)?;
        let limit = limit.0.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        let wanted = (before.as_ref(), open.0.unwrap_or(false));
        let mut rows = notices::list(&*app.db, &caller.workspace, wanted, u64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
        Ok(Json(NoticePage { data: rows.into_iter().map(Notice::from).collect(), next_cursor }))
    }
}
