one-time-code = 【{ $brand }】验证码 { $code }，10 分钟内有效。请勿告诉任何人，工作人员也不会向您索要。
renewal-in-effect = 【{ $brand }】{ $line } 已办理“{ $offering }”，支付 { $amount } 元。订单 { $order }，收据：{ $link }
paid-not-in-effect = 【{ $brand }】已收到 { $line } 的“{ $offering }”{ $amount } 元，正在等待网络确认，生效后会再通知您。进度：{ $link }
grace-began = 【{ $brand }】{ $line } 的套餐已于 { $until } 到期，现在还能用。请尽快续费，以免停机：{ $link }
suspended = 【{ $brand }】{ $line } 已停机，紧急呼叫和客服热线仍可拨打。续费后立即恢复：{ $link }
refund-started = 【{ $brand }】订单 { $order } 的 { $amount } 元正在原路退回。进度：{ $link }
refund-done = 【{ $brand }】订单 { $order } 的 { $amount } 元已原路退回。详情：{ $link }
