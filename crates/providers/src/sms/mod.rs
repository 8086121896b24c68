//! Short messages, by whoever carries them: a message centre ([`smpp`]), Alibaba Cloud's service with templates of its own
//! ([`aliyun`]), or a provider that takes JSON ([`http`]), as the sandbox's inbox does.

pub mod aliyun;
pub mod http;
pub mod smpp;
