//! Where each platform lives, and our app there. Each field says its variable and default.

use url::Url;

use super::{Reader, list};
use crate::secret::Secret;

/// Where X lives and how our app signs OAuth 1.0a requests.
#[derive(Debug, Clone)]
pub struct XConfig {
    /// `X_API_BASE`. Default `https://api.x.com`.
    pub api_base: Url,
    /// `X_WEB_BASE`: what links to posts begin with. Default `https://x.com`.
    pub web_base: Url,
    /// `X_CONSUMER_KEY`: the app's OAuth 1.0a key; empty when only OAuth 2 accounts are used.
    pub consumer_key: String,
    /// `X_CONSUMER_SECRET`: the app's OAuth 1.0a secret.
    pub consumer_secret: Secret<String>,
    /// `X_AUTHORIZE_BASE`: where people consent. Default `https://x.com`.
    pub authorize_base: Url,
    /// `X_CLIENT_ID`: the app's OAuth 2 client id; empty when nobody connects that way.
    pub client_id: String,
    /// `X_CLIENT_SECRET`: its secret; empty for a public client.
    pub client_secret: Secret<String>,
}

/// Where Facebook's Graph API lives, its version, and our app.
#[derive(Debug, Clone)]
pub struct FacebookConfig {
    /// `FACEBOOK_GRAPH_BASE`. Default `https://graph.facebook.com`.
    pub graph_base: Url,
    /// `FACEBOOK_VIDEO_BASE`: where a Page's videos are uploaded. Default `https://graph-video.facebook.com`.
    pub video_base: Url,
    /// `FACEBOOK_WEB_BASE`: what links to posts begin with. Default `https://www.facebook.com`.
    pub web_base: Url,
    /// `FACEBOOK_API_VERSION`. Default `v26.0` (released 2026-07-29).
    pub api_version: String,
    /// `FACEBOOK_APP_ID`: tells our posts from other apps' when looking for a lost answer; empty matches any app.
    pub app_id: String,
    /// `FACEBOOK_APP_SECRET`: adds `appsecret_proof` to each call when set.
    pub app_secret: Secret<String>,
    /// `FACEBOOK_LOGIN_CONFIG_ID`: the configuration of Facebook Login for Business, which then stands for the scopes; empty asks for scopes.
    pub login_config_id: String,
}

/// Where Instagram lives. Accounts that were connected through Facebook use Facebook's Graph API and its app.
#[derive(Debug, Clone)]
pub struct InstagramConfig {
    /// `INSTAGRAM_GRAPH_BASE`: for accounts that were connected by Instagram's own login. Default `https://graph.instagram.com`.
    pub graph_base: Url,
    /// `INSTAGRAM_WEB_BASE`: what links to posts begin with. Default `https://www.instagram.com`.
    pub web_base: Url,
    /// `INSTAGRAM_API_VERSION`. Default `v26.0` (released 2026-07-29).
    pub api_version: String,
    /// `INSTAGRAM_APP_SECRET`: adds `appsecret_proof` to calls of Instagram's own login when set.
    pub app_secret: Secret<String>,
    /// `INSTAGRAM_TOKEN_BASE`: where Instagram's own login exchanges codes. Default `https://api.instagram.com`.
    pub token_base: Url,
    /// `INSTAGRAM_APP_ID`: the Instagram app's id, which differs from the Meta app's.
    pub app_id: String,
}

/// Where LinkedIn lives, and its version.
#[derive(Debug, Clone)]
pub struct LinkedinConfig {
    /// `LINKEDIN_API_BASE`. Default `https://api.linkedin.com`.
    pub api_base: Url,
    /// `LINKEDIN_WEB_BASE`: what links to posts begin with. Default `https://www.linkedin.com`.
    pub web_base: Url,
    /// `LINKEDIN_API_VERSION`: sent as `LinkedIn-Version`. Default `202609` (published 2026-09-16).
    pub api_version: String,
    /// `LINKEDIN_CLIENT_ID`: the app's client id.
    pub client_id: String,
    /// `LINKEDIN_CLIENT_SECRET`: its secret.
    pub client_secret: Secret<String>,
}

/// Where TikTok lives.
#[derive(Debug, Clone)]
pub struct TiktokConfig {
    /// `TIKTOK_API_BASE`. Default `https://open.tiktokapis.com`.
    pub api_base: Url,
    /// `TIKTOK_WEB_BASE`: what links to posts begin with. Default `https://www.tiktok.com`.
    pub web_base: Url,
    /// `TIKTOK_VERIFIED_PREFIXES`: beginnings of addresses that the app has verified with TikTok, comma separated.
    /// Photos can only be pulled by TikTok, and only from below them. Default none.
    pub verified_prefixes: Vec<String>,
    /// `TIKTOK_PULL_VIDEOS`: whether videos below a verified beginning are pulled by TikTok rather than uploaded, `true` or
    /// `false`. Uploading is safer: a lost answer can always be cleared up. Default `false`.
    pub pull_videos: bool,
    /// `TIKTOK_CLIENT_KEY`: the app's client key.
    pub client_key: String,
    /// `TIKTOK_CLIENT_SECRET`: its secret.
    pub client_secret: Secret<String>,
}

/// Where YouTube lives.
#[derive(Debug, Clone)]
pub struct YoutubeConfig {
    /// `YOUTUBE_API_BASE`. Default `https://www.googleapis.com`.
    pub api_base: Url,
    /// `YOUTUBE_WEB_BASE`: what links to videos begin with. Default `https://www.youtube.com`.
    pub web_base: Url,
    /// `YOUTUBE_AUTHORIZE_BASE`: where people consent. Default `https://accounts.google.com`.
    pub authorize_base: Url,
    /// `YOUTUBE_TOKEN_BASE`: where tokens are exchanged, refreshed and revoked. Default `https://oauth2.googleapis.com`.
    pub token_base: Url,
    /// `YOUTUBE_CLIENT_ID`: the Google project's client id.
    pub client_id: String,
    /// `YOUTUBE_CLIENT_SECRET`: its secret.
    pub client_secret: Secret<String>,
}

impl XConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            api_base: reader.get("X_API_BASE", "https://api.x.com"),
            web_base: reader.get("X_WEB_BASE", "https://x.com"),
            consumer_key: reader.get("X_CONSUMER_KEY", ""),
            consumer_secret: Secret::new(reader.get("X_CONSUMER_SECRET", "")),
            authorize_base: reader.get("X_AUTHORIZE_BASE", "https://x.com"),
            client_id: reader.get("X_CLIENT_ID", ""),
            client_secret: Secret::new(reader.get("X_CLIENT_SECRET", "")),
        }
    }
}

impl FacebookConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            graph_base: reader.get("FACEBOOK_GRAPH_BASE", "https://graph.facebook.com"),
            video_base: reader.get("FACEBOOK_VIDEO_BASE", "https://graph-video.facebook.com"),
            web_base: reader.get("FACEBOOK_WEB_BASE", "https://www.facebook.com"),
            api_version: reader.get("FACEBOOK_API_VERSION", "v26.0"),
            app_id: reader.get("FACEBOOK_APP_ID", ""),
            app_secret: Secret::new(reader.get("FACEBOOK_APP_SECRET", "")),
            login_config_id: reader.get("FACEBOOK_LOGIN_CONFIG_ID", ""),
        }
    }
}

impl InstagramConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            graph_base: reader.get("INSTAGRAM_GRAPH_BASE", "https://graph.instagram.com"),
            web_base: reader.get("INSTAGRAM_WEB_BASE", "https://www.instagram.com"),
            api_version: reader.get("INSTAGRAM_API_VERSION", "v26.0"),
            app_secret: Secret::new(reader.get("INSTAGRAM_APP_SECRET", "")),
            token_base: reader.get("INSTAGRAM_TOKEN_BASE", "https://api.instagram.com"),
            app_id: reader.get("INSTAGRAM_APP_ID", ""),
        }
    }
}

impl LinkedinConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            api_base: reader.get("LINKEDIN_API_BASE", "https://api.linkedin.com"),
            web_base: reader.get("LINKEDIN_WEB_BASE", "https://www.linkedin.com"),
            api_version: reader.get("LINKEDIN_API_VERSION", "202609"),
            client_id: reader.get("LINKEDIN_CLIENT_ID", ""),
            client_secret: Secret::new(reader.get("LINKEDIN_CLIENT_SECRET", "")),
        }
    }
}

impl TiktokConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            api_base: reader.get("TIKTOK_API_BASE", "https://open.tiktokapis.com"),
            web_base: reader.get("TIKTOK_WEB_BASE", "https://www.tiktok.com"),
            verified_prefixes: list(&reader.get::<String>("TIKTOK_VERIFIED_PREFIXES", "")),
            pull_videos: reader.get("TIKTOK_PULL_VIDEOS", "false"),
            client_key: reader.get("TIKTOK_CLIENT_KEY", ""),
            client_secret: Secret::new(reader.get("TIKTOK_CLIENT_SECRET", "")),
        }
    }
}

impl YoutubeConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            api_base: reader.get("YOUTUBE_API_BASE", "https://www.googleapis.com"),
            web_base: reader.get("YOUTUBE_WEB_BASE", "https://www.youtube.com"),
            authorize_base: reader.get("YOUTUBE_AUTHORIZE_BASE", "https://accounts.google.com"),
            token_base: reader.get("YOUTUBE_TOKEN_BASE", "https://oauth2.googleapis.com"),
            client_id: reader.get("YOUTUBE_CLIENT_ID", ""),
            client_secret: Secret::new(reader.get("YOUTUBE_CLIENT_SECRET", "")),
        }
    }
}
