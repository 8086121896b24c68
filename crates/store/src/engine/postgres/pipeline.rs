//! Several requests on one connection, sent in order before the first answer is awaited.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// One request of a pipeline.
pub(crate) type Request<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// What a request was answered with.
pub(crate) type Answer<T> = Result<T, tokio_postgres::Error>;

/// Polls every request once, in order: that is when the driver puts it on the wire. The answers come in the same
/// order, so from then on only the first open request is polled.
pub(crate) struct Pipeline<'a, T> {
    requests: Vec<Request<'a, T>>,
    answers: Vec<Option<Answer<T>>>,
    sent: bool,
    next: usize,
}

impl<'a, T> Pipeline<'a, T> {
    pub(crate) fn new(requests: Vec<Request<'a, T>>) -> Self {
        let answers = requests.iter().map(|_| None).collect();
        Self { requests, answers, sent: false, next: 0 }
    }
}

impl<T: Unpin> Future for Pipeline<'_, T> {
    type Output = Vec<Answer<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.sent {
            this.sent = true;
            for (request, answer) in this.requests.iter_mut().zip(&mut this.answers) {
                if let Poll::Ready(ready) = request.as_mut().poll(cx) {
                    *answer = Some(ready);
                }
            }
        }
        for (request, answer) in this.requests.iter_mut().zip(&mut this.answers).skip(this.next) {
            if answer.is_none() {
                match request.as_mut().poll(cx) {
                    Poll::Ready(ready) => *answer = Some(ready),
                    Poll::Pending => return Poll::Pending,
                }
            }
            this.next += 1;
        }
        Poll::Ready(std::mem::take(&mut this.answers).into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use std::task::Waker;

    #[test]
    fn all_are_sent_in_order_and_answered_in_order() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (open, gates): (Vec<_>, Vec<_>) = (0..50).map(|_| tokio::sync::oneshot::channel::<u64>()).unzip();
        let requests = gates.into_iter().enumerate().map(|(n, gate)| -> Request<'static, u64> {
            let sent = sent.clone();
            Box::pin(async move {
                sent.lock().unwrap().push(n);
                Ok(gate.await.unwrap())
            })
        });
        let mut pipeline = Pipeline::new(requests.collect());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut pipeline).poll(&mut cx).is_pending());
        assert_eq!(*sent.lock().unwrap(), (0..50).collect::<Vec<_>>());
        for (n, open) in (0..50).zip(open) {
            assert!(Pin::new(&mut pipeline).poll(&mut cx).is_pending());
            open.send(n).unwrap();
        }
        let Poll::Ready(answers) = Pin::new(&mut pipeline).poll(&mut cx) else { panic!("not done") };
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), (0..50).collect::<Vec<u64>>());
    }
}
