# 核对收据
check-title = 核对收据
check-genuine = 这是我们开具的收据
check-lead = 收据上写的应当与下面一致。如果不一致，请以这里为准。
check-since = 开具之后
check-nothing-since = 没有变化。
check-said = 收据内容
check-issued = 开具时间
check-key = 签名密钥 { $name }。
check-machine = 供程序读取
