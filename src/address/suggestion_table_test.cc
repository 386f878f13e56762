// Slips of the fingers as they come in, and domains that look like one and are none, against the
// lists that the program is built with.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "address/embedded_lists.h"
#include "address/suggestion.h"
#include "base/text.h"

namespace verihook::address {
namespace {

std::shared_ptr<const Lists> built_in() {
  return Lists::load(std::string(embedded_lists())).value();
}

struct Slips {
  std::string_view meant;
  std::string_view typed;  // separated by spaces
};

constexpr Slips kSlips[] = {
    {"gmail.com",
     "gmial.com gmai.com gmal.com gmil.com gmaill.com gmaiil.com gmaail.com gmmail.com ggmail.com "
     "gnail.com gamil.com gmali.com gmaik.com gmaio.com gmsil.com gmwil.com gmqil.com gmaul.com "
     "gmaol.com gjail.com gkail.com gmailc.om gmail.con gmail.cmo gmail.ocm gmail.vom gmail.xom "
     "gmail.cpm gmail.cim gmail.comm gmail.coom gmail.ccom gmail.cm gmail.co gmail.om gmail.cok "
     "gmail.cojm gmailcom gmail.comn gmaill.con gmial.con gmal.con gmaillcom"},
    {"yahoo.com",
     "yaho.com yahooo.com yahho.com yhoo.com yaoo.com yahoo.con yahoo.cmo yahoo.comm yahoo.cm "
     "yahoo.vom yahoocom yhaoo.com yaohoo.com yshoo.com yaboo.com yajoo.com yagoo.com yahop.com "
     "yahok.com yahoi.com yyahoo.com yaahoo.com"},
    {"yahoo.co.uk", "yahoo.co.ukk yahoo.co.k yaho.co.uk yahooo.co.uk"},
    {"yahoo.co.in", "yaho.co.in yhoo.co.in"},
    {"yahoo.com.br", "yaho.com.br yahoo.com.brr"},
    {"yahoo.fr", "yahooo.fr yaho.fr"},
    {"hotmail.com",
     "hotmial.com hotmil.com hotmal.com hotmai.com hotmaill.com hotmaiil.com hotmali.com "
     "homail.com hotail.com htmail.com otmail.com hotnail.com hotmsil.com hormail.com hoymail.com "
     "hotmaul.com hotmaol.com hotmail.con hotmail.cm hotmail.co hotmail.comm hotmail.ocm "
     "hotmailcom hotmailc.om hhotmail.com hootmail.com hottmail.com hotmmail.com ohtmail.com "
     "htomail.com"},
    {"hotmail.co.uk", "hotmail.co.ukk hotmial.co.uk hotmal.co.uk"},
    {"hotmail.fr", "hotmai.fr hotmial.fr"},
    {"outlook.com",
     "outlok.com outloo.com outlokk.com oulook.com otlook.com outlook.con outlook.cm outlook.co "
     "outlookcom oulook.con outlool.com outlooj.com outllook.com outloook.com outook.com "
     "outlooo.com outlolk.com ouutlook.com uotlook.com"},
    {"icloud.com",
     "icloud.con iclod.com icloudd.com iclould.com icoud.com iclud.com iclound.com iclooud.com "
     "icluod.com icloud.cm icloud.co ixloud.com iclous.com iclouf.com"},
    {"aol.com", "aol.con aol.cm aol.cmo aol.comm"},
    {"live.com", "live.con live.cmo"},
    {"msn.com", "msn.con msn.cm"},
    {"comcast.net",
     "comcast.ney comcast.nett comcast.ner comcas.net comcst.net cmocast.net comcat.net "
     "comast.net"},
    {"googlemail.com",
     "googlemial.com googlemai.com googelmail.com goglemail.com gogglemail.com googlemail.con"},
    {"protonmail.com",
     "protonmial.com protonmal.com protomail.com protonmai.com portonmail.com protnomail.com "
     "prtonmail.com"},
    {"verizon.net", "verizon.ney verzion.net"},
    {"sbcglobal.net", "sbcglobal.ney sbcgloba.net sbcgobal.net sbcgloabl.net"},
    {"bellsouth.net", "bellsouth.ner belsouth.net bellsoth.net"},
    {"earthlink.net", "earthlnk.net earthlin.net"},
    {"rocketmail.com", "rocketmial.com rcoketmail.com"},
    {"btinternet.com", "btinternet.con btinterent.com btintenet.com btinernet.com"},
    {"rediffmail.com", "rediffmial.com redifmail.com"},
    {"wanadoo.fr", "wanadoo.frr wanado.fr wannadoo.fr"},
    {"laposte.net", "laposte.ney laposte.nett lapsote.net"},
    {"orange.fr", "orange.ft ornage.fr orannge.fr"},
    {"t-online.de", "t-onlin.de t-onlne.de t-onine.de tonline.de"},
    {"freenet.de", "freenet.dee frenet.de"},
    {"seznam.cz", "seznam.vz senzam.cz seznma.cz"},
    {"naver.com", "naver.con navre.com"},
    {"yandex.ru", "yandex.rru yandx.ru yadnex.ru"},
    {"ymail.com", "ymail.con"},
    {"fastmail.com", "fastmial.com"},
    {"tutanota.com", "tutanota.con tutanoat.com"},
    {"bluewin.ch", "bluewin.cj"},
    {"telenet.be", "telenet.bee"},
    {"bigpond.com", "bigpond.con"},
};

// Providers, companies, words, other endings that exist: whoever typed one may well have meant it.
constexpr std::string_view kMeantAsTyped =
    "gmail.com gmail.de gmail.org gmail.net gmail.io mail.com email.com mail.de mail.ru mail.ee "
    "mail.bg mail.fr mail.be gmx.com gmx.net gmx.de gmx.at gmx.ch gmx.us gmx.eu gmx.li gmx.info "
    "web.de web.se web.com mailinator.com yopmail.com guerrillamail.com ymail.com email.de "
    "email.cz email.it imail.com jmail.com kmail.com zmail.com tmail.com nmail.com bmail.com "
    "cmail.com dmail.ai airmail.com airmail.net hushmail.com inmail.com lmail.com omail.com "
    "pmail.com rmail.com smail.com umail.com wmail.com xmail.com aol.com aol.de aol.fr aol.co.uk "
    "aon.at aon.com adl.com aok.de aom.com aal.com all.com al.com ao.com yahoo.com yahoo.de "
    "yahoo.ca yahoo.co.id yahoo.com.mx yahoo.com.ph yahoo.com.sg yahoo.gr yahoo.ie yahoo.pl "
    "yahoo.se yahoo.com.vn hotmail.com hotmail.be hotmail.nl hotmail.se hotmail.ca hotmail.gr "
    "hotmail.com.br hotmail.com.ar hotmail.dk hotmail.no outlook.com outlook.com.br outlook.it "
    "outlook.be outlook.jp outlook.ie outlook.at outlook.pt outlook.sa live.com live.be live.it "
    "live.se live.ca live.com.mx live.dk live.de live.at live.ie live.cn love.com life.com "
    "line.com lime.com five.com dive.com give.com hive.com jive.com lives.com liv.com live.fm "
    "lives.co msn.com man.com mdn.com msa.com mbn.com mso.com msnbc.com icloud.com cloud.com "
    "icloud.de iclouds.eu me.com mac.com mc.com mbc.com we.com he.com be.com ne.com mae.com "
    "max.com mak.com mas.com mack.com macy.com proton.me protonmail.ch protonmail.com pm.me "
    "proton.com protos.com photonmail.com qq.com qq.cn 126.com 163.com 139.com 189.cn 163.net "
    "162.com 125.com 16.com verizon.net verizon.com horizon.net horizon.com verisign.com "
    "comcast.net comcast.com att.net att.com ats.net at.net itt.net cox.net cox.com fox.net "
    "box.net cax.net con.net charter.net charter.com chartered.net carter.net chapter.net "
    "barter.net earthlink.net earthling.net sky.com ski.com skype.com spy.com sly.com skyy.com "
    "sky.de sky.it skl.com bt.com bet.com but.com bc.com bp.com bit.com btc.com shaw.ca show.ca "
    "shaw.com shawn.ca sina.com sina.cn siena.com sinai.com china.com sino.com dina.com nina.com "
    "tina.com orange.fr orange.com orange.es orange.pl orange.net grange.fr free.fr free.com "
    "tree.fr freed.fr freee.co.jp libre.fr sfr.fr sfar.fr sfg.fr snr.fr laposte.net laposte.fr "
    "libero.it liberty.it libera.it virgilio.it t-online.de t-online.hu online.de online.no "
    "online.fr online.nl freenet.de freenet.com freeze.de posteo.de posteo.net poste.it zoho.com "
    "zoho.eu zoho.in zoo.com zho.com soho.com fastmail.com fastmail.fm fastmail.net vastmail.com "
    "fatmail.com hey.com hay.com key.com they.com hey.io hoy.com tuta.com tuta.io tutu.com "
    "tutta.com tuna.com tutanota.com tutanota.de seznam.cz centrum.cz atlas.cz volny.cz post.cz "
    "wp.pl o2.pl op.pl onet.pl interia.pl interia.eu gazeta.pl poczta.fm vp.pl wp.com ziggo.nl "
    "kpnmail.nl planet.nl home.nl hetnet.nl xs4all.nl casema.nl chello.nl upcmail.nl telenet.be "
    "skynet.be proximus.be scarlet.be skynet.com bluewin.ch hispeed.ch sunrise.ch xtra.co.nz "
    "extra.co.nz bigpond.com bigpond.net.au optusnet.com.au iinet.net.au sympatico.ca rogers.com "
    "telus.net videotron.ca bell.net rediffmail.com rediff.com foxmail.com boxmail.com "
    "docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp naver.com waver.com never.com nave.com "
    "navy.com raver.com daum.net daum.com hanmail.net hanmail.com rambler.ru ramble.ru yandex.ru "
    "yandex.com yandex.kz yandex.by yandex.ua ya.ru list.ru bk.ru inbox.ru uol.com.br bol.com.br "
    "terra.com.br ig.com.br globo.com uol.com bom.com.br vol.com.br sapo.pt clix.pt abv.bg dir.bg "
    "amazon.com google.com apple.com microsoft.com ibm.com intel.com oracle.com sap.com "
    "siemens.com bosch.com harvard.edu mit.edu stanford.edu ox.ac.uk cam.ac.uk googlemail.com "
    "googlegroups.com mails.com maild.com nail.com tail.com rail.com sail.com hail.com jail.com "
    "fail.com pail.com bail.com hotels.com hotjobs.com hotmart.com potmail.org outlooks.co.uk "
    "outdoor.com outlander.com outback.com lookout.com iclub.com cloudy.com yakoo.net "
    "yahoo-inc.com yaroo.com jahoo.com example.com example.org shop.test mail.local abc.onion "
    "sandbox.test gmail.test gmial.example gmail.com.br gmail.co.uk mail.gmail.com voila.fr "
    "neuf.fr aliceadsl.fr club-internet.fr bbox.fr numericable.fr tiscali.it alice.it tin.it "
    "inwind.it fastwebnet.it arcor.de gmxpro.de unitybox.de vodafone.de kabelmail.de htp-tel.de "
    "ewetel.net osnanet.de ntlworld.com blueyonder.co.uk tiscali.co.uk virginmedia.com plusnet.com "
    "juno.com netzero.net optonline.net windstream.net frontier.com roadrunner.com centurylink.net "
    "embarqmail.com suddenlink.net eircom.net vodafone.ie telia.com telia.se spray.se bredband.net "
    "comhem.se tele2.se onlinehome.de kumail.com bumail.com umail.uom.ac.mu cotmail.com "
    "motmail.com cloudmail.com icloudmail.com mail.con.br hmail.com fmail.com vmail.com tahoe.com "
    "libero.ir libro.it icould.com hitmail.com notmail.com botmail.com oranges.fr mali.ru fere.fr "
    "yah.com charger.net charted.net chatter.net outlooks.com yahoos.com gmails.com me.co hey.co "
    "live.co aol.co mac.co mail.co zoho.co sky.co g.mail.com comfort.net fastmall.com hotmall.de "
    "golive.com";

TEST(SuggestionTable, CorrectsSlipsOfTheFingers) {
  const auto lists = built_in();
  std::size_t count = 0;
  for (const auto& [meant, typed] : kSlips) {
    for (const auto domain : split(typed, ' ')) {
      EXPECT_EQ(suggest_domain(domain, *lists).value_or("nothing"), meant) << domain;
      ++count;
    }
  }
  EXPECT_GE(count, 200u);
}

TEST(SuggestionTable, LeavesAloneWhatMayBeMeant) {
  const auto lists = built_in();
  const auto domains = split(kMeantAsTyped, ' ');
  for (const auto domain : domains) {
    EXPECT_EQ(suggest_domain(domain, *lists).value_or("nothing"), "nothing") << domain;
  }
  EXPECT_GE(domains.size(), 450u);
}

// None of the thousands of providers that the lists know is taken for a slip, except for those that
// live on slips.
TEST(SuggestionTable, LeavesProvidersAlone) {
  const auto lists = built_in();
  std::vector<std::string> popular;
  for (const auto& one : lists->popular_domains()) popular.emplace_back(one.domain);
  // The same popular domains without the other lists, which would keep it silent.
  std::string text = "verihook-lists 1\nlist popular own " + std::to_string(popular.size()) + "\n";
  for (const auto& domain : popular) text += domain + "\n";
  const auto popular_only = Lists::load(std::move(text)).value();
  std::size_t asked = 0;
  std::size_t suggested = 0;
  bool providers = false;
  for (const auto line : split(embedded_lists(), '\n')) {
    if (line.starts_with("list ")) {
      providers = line.starts_with("list free ") || line.starts_with("list disposable ");
    } else if (providers && !line.empty()) {
      ++asked;
      suggested += suggest_domain(line, *popular_only).has_value() ? 1 : 0;
    }
  }
  EXPECT_GT(asked, 10'000u);
  EXPECT_LE(suggested * 1'000, asked);
}

}  // namespace
}  // namespace verihook::address
