# 页面框架与首页
frame-skip = 跳到正文
frame-nav = 语言与账户
frame-sign-out = 退出
frame-home = 我的号码
frame-start = 首页
frame-hotline = 客服热线
frame-demo-label = 演示说明
frame-demo = 这是演示，不会产生真实扣款。
frame-demo-time = 演示时间：{ $name }
frame-demo-sandbox = 打开模拟外部世界

landing-title = 给号码续费
landing-heading = 让每一张卡一直在线
landing-lead = 查看余量和到期时间，选好套餐，用支付宝付款。到账后，我们向网络确认真正生效，才会告诉您“已生效”。
landing-sign-in = 登录我的号码
landing-renew = 不登录，按号码续费
landing-people = 以其中一人的身份看看
landing-people-hint = 点一下就进入，不用输入任何内容。
landing-promises = 您可以放心的三件事
landing-promise-effect = 真正生效才算数
landing-promise-effect-why = 付款成功和网络已恢复是两回事，我们把两者都显示给您。
landing-promise-once = 不丢钱，也不重复扣款
landing-promise-once-why = 支付没有回音时，我们会主动查询；多付的钱自动原路退回。
landing-promise-receipt = 每一笔都有凭证
landing-promise-receipt-why = 付款、入账和生效时间都写在收据上。
