# 登录
sign-in-title = 登录
sign-in-lead = 输入手机号，我们会发送 6 位验证码。
sign-in-phone = 手机号
sign-in-phone-example = 例如 138 0013 8000
sign-in-send = 获取验证码
sign-in-new = 首次登录会自动建立账户。登录即表示您同意我们只为提供服务而使用这个号码。
sign-in-new-terms = 首次登录会自动建立账户，即表示您同意服务条款，以及我们只为提供服务而使用这个号码。
sign-in-guest = 只想给一个号码续费？不用登录
sign-in-phone-wrong = 这不像一个手机号，请检查后再试。
sign-in-phone-too-many = 这个号码获取验证码次数过多，请一小时后再试，或拨打客服热线。
sign-in-phone-not-sent = 验证码暂时发不出去。请稍后再试。

code-title = 输入验证码
code-lead = 验证码已发往您填写的号码，10 分钟内有效。
code-demo = 演示中，短信会出现在模拟外部世界的收件箱里。
code-label = 6 位验证码
code-enter = 登录
code-again = 没收到？重新获取
code-not-six-digits = 请输入 6 位数字。
code-wrong = 验证码不对，还可以试 { $left } 次。
code-gone = 这个验证码已失效，请重新获取。
