/* SPDX-License-Identifier: Apache-2.0 */

package org.apache.flume.channel.file;

import java.io.File;
import java.io.FileOutputStream;
import java.nio.ByteBuffer;
import java.util.Collections;
import org.apache.flume.channel.file.instrumentation.FileChannelCounter;

/**
 * Writes a channel of version 2, as Flume 1.2 did, with what later ones still have for that.
 *
 * <pre>
 *   java org.apache.flume.channel.file.FileChannelVersion2 FOLDER CAPACITY
 * </pre>
 *
 * Below FOLDER come `checkpoint` and `data0`.  Events 0 to 9 are put, 0 to 2 taken, 3 to 4 taken and
 * rolled back, 10 to 11 put and rolled back, 12 to 13 put without an end; the checkpoint is in the
 * middle, where 0 and 1 have been taken and 0 to 6 put.
 */
public class FileChannelVersion2 {
    private static final int LOG = 1;
    private final FileOutputStream out;
    private long position;
    private long order = 100;

    public static void main(String[] args) throws Exception {
        new FileChannelVersion2(new File(args[0]), Integer.parseInt(args[1]));
    }

    private FileChannelVersion2(File folder, int capacity) throws Exception {
        File data = new File(folder, "data0");
        File checkpoint = new File(folder, "checkpoint");
        data.mkdirs();
        checkpoint.mkdirs();
        File file = new File(data, "log-" + LOG);
        LogFileV2.Writer head = new LogFileV2.Writer(file, LOG, 1 << 20, 1000);
        head.close();
        out = new FileOutputStream(file, true);
        position = file.length();

        int[] puts = new int[14];
        for (int i = 0; i < 7; i++) {
            puts[i] = put(1, i);
        }
        write(new Commit(1L, order++, TransactionEventRecord.Type.PUT.get()));
        take(2, puts, 0, 2);
        write(new Commit(2L, order++, TransactionEventRecord.Type.TAKE.get()));
        for (int i = 7; i < 9; i++) {
            puts[i] = put(3, i);
        }
        writeCheckpoint(checkpoint, capacity, puts);
        try (java.io.RandomAccessFile marks = new java.io.RandomAccessFile(file, "rw")) {
            marks.seek(8);
            marks.writeLong(position);
            marks.writeLong(WriteOrderOracle.next() - 1);
        }
        order = WriteOrderOracle.next() + 1;
        puts[9] = put(3, 9);
        write(new Commit(3L, order++, TransactionEventRecord.Type.PUT.get()));
        take(4, puts, 2, 3);
        write(new Commit(4L, order++, TransactionEventRecord.Type.TAKE.get()));
        take(5, puts, 3, 5);
        write(new Rollback(5L, order++));
        put(6, 10);
        put(6, 11);
        write(new Rollback(6L, order++));
        put(7, 12);
        put(7, 13);
        out.close();
    }

    /** Returns where the record begins. */
    private int write(TransactionEventRecord record) throws Exception {
        ByteBuffer bytes = TransactionEventRecord.toByteBufferV2(record);
        int start = (int) position;
        out.write(LogFile.OP_RECORD);
        out.write(bytes.array(), 0, bytes.limit());
        position += 1 + bytes.limit();
        return start;
    }

    private int put(long transaction, int number) throws Exception {
        byte[] body = new byte[number * 40];
        java.util.Arrays.fill(body, (byte) ('a' + number));
        FlumeEvent event = new FlumeEvent(Collections.singletonMap("n", Integer.toString(number)), body);
        return write(new Put(transaction, order++, event));
    }

    private void take(long transaction, int[] puts, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            write(new Take(transaction, order++, puts[i], LOG));
        }
    }

    private void writeCheckpoint(File folder, int capacity, int[] puts) throws Exception {
        EventQueueBackingStore store = new EventQueueBackingStoreFileV2(
                new File(folder, "checkpoint"), capacity, "v2", new FileChannelCounter("v2"));
        FlumeEventQueue queue = new FlumeEventQueue(store, new File(folder, "inflighttakes"),
                new File(folder, "inflightputs"), new File(folder, "queueset"));
        for (int i = 2; i < 7; i++) {
            queue.addTail(new FlumeEventPointer(LOG, puts[i]));
        }
        for (int i = 7; i < 9; i++) {
            queue.addWithoutCommit(new FlumeEventPointer(LOG, puts[i]), 3);
        }
        queue.checkpoint(true);
        queue.close();
    }
}
