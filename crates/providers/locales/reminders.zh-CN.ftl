contact-code = 【{ $brand }】有人希望在其号码快用完时通知您。如您同意，请把验证码 { $code } 告诉对方（10 分钟内有效）。此验证码不能用于登录。
    .title = 是否愿意接收号码提醒
reminder-expiry = 【{ $brand }】{ $line } 的套餐 { $until } 到期，之后没有续上。为免停机，请在此续费：{ $link }
    .title = { $line } 的套餐 { $until } 到期
reminder-threshold = 【{ $brand }】{ $line } 的流量已用 { $percent }%，还剩 { $left }。加流量或续费：{ $link }
    .title = { $line } 的流量已用 { $percent }%
reminder-forecast = 【{ $brand }】按现在的用量，{ $line } 的流量将在 { $runs_out_on } 用完，早于套餐到期；还剩 { $left }。加流量或续费：{ $link }
    .title = { $line } 的流量可能不够用
keyword-balance = 【{ $brand }】{ $line }{ $data ->
    [none] {""}
   *[other] ，剩余流量 { $data }
}{ $minutes ->
    [none] {""}
   *[other] ，语音 { $minutes } 分钟
}{ $messages ->
    [none] {""}
   *[other] ，短信 { $messages } 条
}{ $until ->
    [none] ：没有生效的套餐。
   *[other] ，有效期至 { $until }。
}续费：{ $link }
    .title = { $line } 的余量
keyword-renew = 【{ $brand }】在此为 { $line } 续费：{ $link }
    .title = 为 { $line } 续费
keyword-help = 【{ $brand }】发送 余额 查询剩余，发送 续费 获取续费链接。网上办理：{ $link } 客服热线：{ $hotline }
    .title = { $line } 的帮助
