# What people are told. The text stands for itself in a short message; a mail has the title as its subject, a notice in a browser above it.
one-time-code = 【{ $brand }】验证码 { $code }，10 分钟内有效。请勿告诉任何人，工作人员也不会向您索要。
    .title = 验证码
renewal-in-effect = 【{ $brand }】{ $line } 已办理“{ $offering }”，支付 { $amount }。订单 { $order }，收据：{ $link }
    .title = { $line } 已续费
paid-not-in-effect = 【{ $brand }】已收到 { $line } 的“{ $offering }”{ $amount }，正在等待网络确认，生效后会再通知您。进度：{ $link }
    .title = 已收到 { $line } 的付款
grace-began = 【{ $brand }】{ $line } 的套餐已于 { $until } 到期，现在还能用。请尽快续费，以免停机：{ $link }
    .title = { $line } 的套餐已到期
suspended = 【{ $brand }】{ $line } 已停机，紧急呼叫和客服热线仍可拨打。续费后立即恢复：{ $link }
    .title = { $line } 已停机
data-used-up = 【{ $brand }】{ $line } 的流量已用完，暂时不能上网。加流量或续费后立即恢复：{ $link }
    .title = { $line } 的流量已用完
refund-started = 【{ $brand }】订单 { $order } 的 { $amount } 正在原路退回。进度：{ $link }
    .title = 退款正在处理
refund-done = 【{ $brand }】订单 { $order } 的 { $amount } 已原路退回。详情：{ $link }
    .title = 退款已完成
refund-bounced = 【{ $brand }】此前通知已退回的订单 { $order } 的 { $amount } 没能退到原账户，钱已妥善保管，客服正在处理。详情：{ $link }
    .title = 退款没有成功
refund-other-way = 【{ $brand }】订单 { $order } 的 { $amount } 没能原路退回，{ $way ->
    [credit] 已退到账户余额
   *[bank] 已从我们的银行账户转给你
}。详情：{ $link }
    .title = 退款改用了其他方式
reported-lost = 【{ $brand }】{ $line } 已挂失停机。如非本人操作，或已经找回，请致电 { $hotline }。
    .title = { $line } 已挂失
barred = 【{ $brand }】{ $line } 已停止服务，原因请致电 { $hotline } 查询。
    .title = { $line } 已停止服务
service-restored = 【{ $brand }】{ $line } 已恢复使用。
    .title = { $line } 已恢复使用
number-kept = { $kept_until ->
    [open] 【{ $brand }】{ $line } 没有服务，号码为您保留。续费后即可恢复使用：{ $link }
   *[other] 【{ $brand }】{ $line } 没有服务，号码为您保留到 { $kept_until }。续费后即可恢复使用：{ $link }
}
    .title = { $line } 的号码为您保留
number-ends = 【{ $brand }】{ $line } 的号码只保留到 { $kept_until }，之后销户并收回号码。如需保留，请在此之前续费：{ $link }
    .title = { $line } 的号码即将收回
terminated = 【{ $brand }】{ $line } 已销户，号码不再属于您。已付未用的费用可以退还，请致电 { $hotline }。
    .title = { $line } 已销户
auto-renew-notice = 【{ $brand }】{ $line }将于 { $debit_on } 自动续费“{ $renewal }”，扣款 { $price }（{ $first_method ->
    [credit] 账户余额
    [none] 所选方式
   *[other] { $first_method }
}优先）。如需更改或关闭：{ $link }
    .title = { $line } 将于 { $debit_on } 自动续费
auto-renew-consent = 【{ $brand }】{ $line }的“{ $renewal }”现价 { $price }，您同意的是 { $agreed }，或条款有变化。未经您再次同意不会扣款，{ $until } 到期。请确认：{ $link }
    .title = 请再次同意 { $line } 的自动续费
auto-renew-failed = 【{ $brand }】{ $line }没有自动续费成功，没有扣款，{ $until } 到期。请手动续费：{ $link }
    .title = { $line } 没有自动续费成功
auto-renew-needs-you = 【{ $brand }】{ $line }自动续费需要您本人向银行确认 { $amount }，尚未扣款，{ $until } 到期。请打开：{ $link }
    .title = 自动续费需要您确认
password-set = 【{ $brand }】您的账户于 { $at } 设置了登录密码。如非本人操作，请立即登录并退出其他设备，再致电 { $hotline }：{ $link }
    .title = 已设置登录密码
password-changed = 【{ $brand }】您的账户于 { $at } 修改了登录密码。如非本人操作，请立即登录并退出其他设备，再致电 { $hotline }：{ $link }
    .title = 登录密码已修改
passkey-added = 【{ $brand }】您的账户于 { $at } 添加了通行密钥。如非本人操作，请移除它并致电 { $hotline }：{ $link }
    .title = 已添加通行密钥
passkey-removed = 【{ $brand }】您的账户于 { $at } 移除了通行密钥。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 通行密钥已移除
second-factor-on = 【{ $brand }】您的账户于 { $at } 开启了两步验证，登录时还需要通行密钥。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 已开启两步验证
second-factor-off = 【{ $brand }】您的账户于 { $at } 关闭了两步验证。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 已关闭两步验证
contact-changed = 【{ $brand }】您的账户于 { $at } 更换了联系号码，验证码和通知将发往新号码。如非本人操作，请立即致电 { $hotline }。
    .title = 联系号码已更换
sim-replaced = 【{ $brand }】您名下号码已于 { $at } 更换 SIM 卡。24 小时内，发到该号码的验证码不能用来更改账户。如非本人办理，请立即致电 { $hotline }。
    .title = SIM 卡已更换
recovery-asked = 【{ $brand }】有人称收不到验证码，申请用另一个号码恢复您的账户。如非本人操作，请在 { $until } 前阻止：{ $link } 登录账户同样可以阻止。
    .title = 有人申请恢复您的账户
recovery-done = 【{ $brand }】经工作人员核实，您的账户已更换联系号码，原有的密码、通行密钥和登录均已失效。如非本人申请，请立即致电 { $hotline }。
    .title = 账户联系号码已更换
case-answered = 【{ $brand }】客服已回复您的问题，请查看：{ $link } 热线 { $hotline }
    .title = 客服已回复
line-taken = 【{ $brand }】您的账户于 { $at } 新增了一个号码。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 账户新增了号码
companion-added = 【{ $brand }】您名下号码已于 { $at } 在另一台设备上开通。如非本人操作，请立即致电 { $hotline }：{ $link }
    .title = 号码已在另一台设备开通
companion-removed = 【{ $brand }】一台设备已于 { $at } 停用您名下的号码。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 一台设备已停用号码
line-given = 【{ $brand }】您名下的一个号码已于 { $at } 过户给新机主，收据仍保留在您的账户。如非本人操作，请立即致电 { $hotline }：{ $link }
    .title = 号码已过户
line-offer-made = 【{ $brand }】已按您来电的要求，于 { $at } 发起名下号码过户。对方接受之前，号码仍归您所有。如非本人要求，请立即致电 { $hotline }，或撤回：{ $link }
    .title = 名下号码已发起过户
pay-link = 【{ $brand }】{ $line } 办理“{ $offering }”，{ $amount }。请在 { $good_until } 前打开链接核对并付款：{ $link } 我们不会在电话里索要卡号或验证码。
    .title = { $line } 办理“{ $offering }”
line-offered = 【{ $brand }】有人要把号码 { $line } 过户给您。请用本机号码登录查看，在 { $until } 前接受或拒绝：{ $link }
    .title = 有号码要过户给您
caller-code = 【{ $brand }】如您正在致电客服，请将验证码 { $code } 读给客服人员，10 分钟内有效。此验证码不能用于登录。如您未致电客服，请勿告诉任何人。
    .title = 来电核实验证码
mailbox-code = 【{ $brand }】验证码 { $code }，10 分钟内有效。输入后，通知将发到此邮箱。此验证码不能用于登录。如非本人操作，请忽略。
    .title = 邮箱验证码
mailbox-set = 【{ $brand }】自 { $at } 起，您账户的通知也会发到一个已验证的邮箱。如非本人操作，请修改并致电 { $hotline }：{ $link }
    .title = 已设置通知邮箱
mailbox-removed = 【{ $brand }】您账户的通知邮箱已于 { $at } 移除，不再向其发送通知。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 通知邮箱已移除
browser-added = 【{ $brand }】自 { $at } 起，一个浏览器会收到您账户的通知。如非本人操作，请移除它并致电 { $hotline }：{ $link }
    .title = 已开启浏览器通知
browser-removed = 【{ $brand }】一个浏览器自 { $at } 起不再收到您账户的通知。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 浏览器通知已关闭
closing-asked = 【{ $brand }】{ $at } 有人申请注销您的账户，并将充值余额汇至其填写的银行账户。如非本人操作，请立即撤回并致电 { $hotline }：{ $link }
    .title = 有人申请注销您的账户
identity-corrected = 【{ $brand }】您账户的姓名或证件已于 { $at } 更正。如非本人操作，请致电 { $hotline }：{ $link }
    .title = 姓名或证件已更正
