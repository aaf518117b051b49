package output

import "sync"

// queue hands chunks from the copying to the reading side. When it is full the
// oldest chunk goes: of progress, the last counts.
type queue struct {
	mu     sync.Mutex
	ready  sync.Cond
	chunks [][]byte
	free   [][]byte
	limit  int
	gap    bool // something before chunks[0] was dropped
	closed bool
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit}
	q.ready.L = &q.mu
	return q
}

// buffer is an empty chunk to fill and push.
func (q *queue) buffer() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.free); n > 0 {
		b := q.free[n-1]
		q.free = q.free[:n-1]
		return b
	}
	return make([]byte, chunkSize)
}

func (q *queue) push(chunk []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.chunks) == q.limit {
		q.recycle(q.chunks[0])
		q.chunks = append(q.chunks[:0], q.chunks[1:]...)
		q.gap = true
	}
	q.chunks = append(q.chunks, chunk)
	q.ready.Signal()
}

// pop waits for the next chunk; gap tells that chunks before it are missing.
func (q *queue) pop() (chunk []byte, gap, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) == 0 && !q.closed {
		q.ready.Wait()
	}
	gap, q.gap = q.gap, false
	if len(q.chunks) == 0 {
		return nil, gap, false
	}
	chunk = q.chunks[0]
	q.chunks = append(q.chunks[:0], q.chunks[1:]...)
	return chunk, gap, true
}

// release takes a popped chunk back.
func (q *queue) release(chunk []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.recycle(chunk)
}

func (q *queue) recycle(chunk []byte) { q.free = append(q.free, chunk[:cap(chunk)]) }

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ready.Signal()
}
