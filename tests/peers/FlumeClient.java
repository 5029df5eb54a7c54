/* SPDX-License-Identifier: Apache-2.0 */

import com.cloudera.flume.handlers.avro.AvroFlumeOGEvent;
import com.cloudera.flume.handlers.avro.FlumeOGEventAvroServer;
import com.cloudera.flume.handlers.thrift.ThriftFlumeEvent;
import com.cloudera.flume.handlers.thrift.ThriftFlumeEventServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.ipc.HttpTransceiver;
import org.apache.avro.ipc.specific.SpecificRequestor;
import org.apache.flume.Event;
import org.apache.flume.api.RpcClient;
import org.apache.flume.api.RpcClientFactory;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.source.scribe.LogEntry;
import org.apache.flume.source.scribe.ResultCode;
import org.apache.flume.source.scribe.Scribe;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.layered.TFramedTransport;

/**
 * Flume's RPC clients, driven by commands on standard input; each is answered by one line, "ok SECONDS" or
 * "error TEXT" with the texts of all causes.
 *
 *   open NAME KEY=VALUE...         a client with these properties; in values "+" stands for a blank
 *   send NAME FIRST COUNT BATCH    the events FIRST, FIRST + 1...; one append each when BATCH is 0
 *   fill NAME SIZE COUNT BATCH     events of SIZE equal bytes, without headers
 *   close NAME
 *   avro-0.9|thrift-0.9|scribe PORT FIRST COUNT   the events as Flume 0.9 or Scribe sent them
 *
 * An event is made of its number, so that whoever receives it can tell what it must be: see
 * tests/support/agents.py, which makes the same.
 */
public class FlumeClient {
    private static final int LARGE = 1 << 20;
    private final Map<String, RpcClient> clients = new HashMap<>();

    public static void main(String[] arguments) throws IOException {
        FlumeClient self = new FlumeClient();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            System.out.println(self.answer(line.trim().split(" +")));
            System.out.flush();
        }
        Runtime.getRuntime().halt(0); // threads of Flume's would go on
    }

    private String answer(String[] words) {
        long start = System.nanoTime();
        try {
            run(words);
        } catch (Exception e) {
            StringBuilder text = new StringBuilder("error");
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                text.append(' ').append(cause.toString().replace('\n', ' '));
            }
            return text.toString();
        }
        return "ok " + (System.nanoTime() - start) / 1e9;
    }

    private void run(String[] words) throws Exception {
        switch (words[0]) {
            case "open":
                open(words);
                break;
            case "send":
                send(words);
                break;
            case "fill":
                fill(words);
                break;
            case "close":
                clients.remove(words[1]).close();
                break;
            case "avro-0.9":
                sendByOldAvro(words);
                break;
            case "thrift-0.9":
                sendByOldThrift(words);
                break;
            case "scribe":
                sendByScribe(words);
                break;
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private void open(String[] words) {
        Properties properties = new Properties();
        for (int i = 2; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            properties.setProperty(pair[0], pair[1].replace('+', ' '));
        }
        clients.put(words[1], RpcClientFactory.getInstance(properties));
    }

    private void send(String[] words) throws Exception {
        RpcClient client = clients.get(words[1]);
        long first = Long.parseLong(words[2]);
        long end = first + Long.parseLong(words[3]);
        int batch = Integer.parseInt(words[4]);
        List<Event> events = new ArrayList<>();
        for (long n = first; n < end; n++) {
            if (batch == 0) {
                client.append(numbered(n));
                continue;
            }
            events.add(numbered(n));
            if (events.size() == batch || n + 1 == end) {
                client.appendBatch(events);
                events.clear();
            }
        }
    }

    private void fill(String[] words) throws Exception {
        RpcClient client = clients.get(words[1]);
        byte[] body = new byte[Integer.parseInt(words[2])];
        int batch = Integer.parseInt(words[4]);
        List<Event> events = new ArrayList<>();
        Arrays.fill(body, (byte) 'x');
        for (int i = 0; i < batch; i++) {
            events.add(EventBuilder.withBody(body));
        }
        for (long left = Long.parseLong(words[3]); left > 0; left -= batch) {
            client.appendBatch(events);
        }
    }

    private static List<Event> numbered(String[] words) throws Exception {
        long first = Long.parseLong(words[2]);
        List<Event> events = new ArrayList<>();
        for (long n = first; n < first + Long.parseLong(words[3]); n++) {
            events.add(numbered(n));
        }
        return events;
    }

    private static void sendByOldAvro(String[] words) throws Exception {
        HttpTransceiver way = new HttpTransceiver(new URL("http://127.0.0.1:" + words[1]));
        FlumeOGEventAvroServer server = SpecificRequestor.getClient(FlumeOGEventAvroServer.class, way);
        for (Event event : numbered(words)) {
            Map<CharSequence, ByteBuffer> fields = new HashMap<>();
            event.getHeaders().forEach((key, value) -> fields.put(key, bytes(value)));
            server.append(new AvroFlumeOGEvent(1234567890123L, com.cloudera.flume.handlers.avro.Priority.WARN,
                ByteBuffer.wrap(event.getBody()), 42L, "old.example.com", fields));
        }
        way.close();
    }

    private static void sendByOldThrift(String[] words) throws Exception {
        TSocket socket = new TSocket("127.0.0.1", Integer.parseInt(words[1]));
        socket.open();
        ThriftFlumeEventServer.Client server = new ThriftFlumeEventServer.Client(new TBinaryProtocol(socket));
        for (Event event : numbered(words)) {
            Map<String, ByteBuffer> fields = new HashMap<>();
            event.getHeaders().forEach((key, value) -> fields.put(key, bytes(value)));
            server.append(new ThriftFlumeEvent(1234567890123L,
                com.cloudera.flume.handlers.thrift.Priority.WARN, ByteBuffer.wrap(event.getBody()), 42L,
                "old.example.com", fields));
        }
        server.close(); // is answered once all before it is in the channel
        socket.close();
    }

    /** The numbers alone, as texts. */
    private static void sendByScribe(String[] words) throws Exception {
        TFramedTransport way = new TFramedTransport(new TSocket("127.0.0.1", Integer.parseInt(words[1])));
        way.open();
        Scribe.Client server = new Scribe.Client(new TBinaryProtocol(way, false, false));
        List<LogEntry> entries = new ArrayList<>();
        for (Event event : numbered(words)) {
            entries.add(new LogEntry("größe", event.getHeaders().get("n")));
        }
        ResultCode result = server.Log(entries);
        way.close();
        if (result != ResultCode.OK) {
            throw new IllegalStateException(result.toString());
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Event numbered(long n) throws Exception {
        Map<String, String> headers = new HashMap<>();
        headers.put("n", Long.toString(n));
        if (n % 3 == 0) {
            headers.put("ключ \u0000=" + n % 5, "größe 🎉 " + n);
        }
        if (n % 7 == 0) {
            headers.put("", "");
        }
        if (n % 1001 == 0) {
            headers.put("long", "é".repeat(20000));
        }
        return EventBuilder.withBody(body(n), headers);
    }

    private static byte[] body(long n) throws Exception {
        if (n % 1000 == 500) {
            return noise(n);
        }
        byte[] body = new byte[n % 10 == 0 ? 0 : (int) (n * 37 % 700)];
        for (int i = 0; i < body.length; i++) {
            body[i] = (byte) (n + i);
        }
        return body;
    }

    /** What no compression makes smaller. */
    private static byte[] noise(long n) throws Exception {
        byte[] noise = new byte[LARGE];
        MessageDigest sum = MessageDigest.getInstance("SHA-512");
        for (int i = 0; i < LARGE; i += sum.getDigestLength()) {
            sum.update((n + "/" + i).getBytes(StandardCharsets.US_ASCII));
            sum.digest(noise, i, sum.getDigestLength());
        }
        return noise;
    }
}
