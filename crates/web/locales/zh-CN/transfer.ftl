# 对公转账
transfer-choice = 对公转账
transfer-choice-hint = 适用于单位客户：订单会等几天，等您的转账到账
transfer-lead = 请按下面的金额转账，并在附言里写上付款编号。银行入账后我们就能看到，一般是下一个工作日。
transfer-holder = 户名
transfer-bank = 开户行
transfer-number = 账号
transfer-amount = 金额
transfer-reference = 付款编号（写在附言里）
transfer-hint = 少转的部分先计入订单，可以用同一个付款编号补足；多转的或来迟的款项存入您的账户余额。
transfer-came = 已到账转账
transfer-credited = 另有 { $amount } 转账款这个订单用不到，已存入您的账户余额。
