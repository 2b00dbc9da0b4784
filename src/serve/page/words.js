"use strict";
// What the page says, in each language. No other file holds words.
const WORDS = {
  en: {
    skip: "Skip to the content", subtitle: "Who is speaking? Voices stay on this server.", language: "Language",
    token: "Access token", use: "Use", tokenHint: "Made by: vpr serve token add NAME --scope … It is kept until this tab is closed.",
    tasks: "Tasks", enroll: "Enroll", verify: "Verify", identify: "Identify", diarize: "Who spoke when", people: "People",
    enrollHow: "Say three or more sentences, a recording each, in a quiet room. More can be added later under the same name.",
    name: "Name", consent: "The person who speaks agrees that a voiceprint (biometric data) is made and kept here for that long.",
    keep: "Keep it for", keep30d: "30 days", keep90d: "90 days", keep1y: "a year", keepOn: "until removed", keptUntil: "Forgotten by itself on {0}.", keptOn: "Kept until it is removed.",
    until: "Kept until", consentHead: "Agreed to", login: "Log in", loginHow: "Say who you are, ask for the words, record yourself reading them: a recording made before does not know them.",
    askPrompt: "What shall I say?", loginGo: "Log in", promptOnce: "These digits hold once, for {0} s. The transcriber that comes with vpr hears English.", promptUnheard: "Only the voice is checked, not the words: this service has no transcriber (--prompt-model).",
    needPrompt: "Ask for the words first.", welcome: "Welcome, {0}", notIn: "Not logged in as {0}", voiceRight: "The voice: score {0}, {1} is needed", voiceWrong: "Not the voice: score {0}, {1} is needed",
    wordsRight: "The words: {0}", wordsWrong: "Not the words: asked for {0}, heard “{1}”", rates: "Error rates",
    ratesHow: "A higher threshold lets fewer strangers in and turns more of the right people away. The curve is what was measured of the model; the dots below are the scores on this page since it was opened.",
    threshold: "Threshold", ratesAt: "From {0} on: of strangers {1} pass, of the right people {2} are turned away.", noRates: "This model has too few measured thresholds.",
    detLabel: "Detection error tradeoff: false matches against false non-matches", scoresLabel: "{0} scores against the threshold", fmrHead: "False matches", fnmrHead: "False non-matches",
    points: "Measured points", usedBy: "Used by",
    enrollGo: "Enroll this voice", verifyHow: "Say who you are, then speak for some seconds.", claimed: "I am", verifyGo: "Verify",
    identifyHow: "Record somebody, or choose a file: the answer is a name, or nobody.", identifyGo: "Who is it?", live: "Listen on",
    diarizeHow: "A meeting or a call: each speaker found is named if enrolled, else numbered.", howMany: "How many speak (empty: found out)",
    diarizeGo: "Find out", turns: "Turns", from: "From", to: "To", who: "Who", play: "Play", peopleHow: "Everybody who is enrolled here",
    recordings: "Recordings", since: "Since", note: "Note", action: "Remove", remove: "Remove", removeSure: "Forget the voice of “{0}”? It cannot be undone.",
    limits: "A voice can be played back or imitated: nothing here detects that. Do not guard anything of value with it alone.",
    record: "Record", stop: "Stop", file: "or a file", level: "Level", take: "Recording {0}, {1} s", drop: "Drop", chosen: "{0} chosen",
    silent: "Nothing is heard. Is the right microphone on?", quiet: "Quiet: come nearer.", loud: "Too loud: it distorts.",
    more: "Go on: {0} s of sound so far.", enough: "Good, that is enough.", noMic: "The microphone cannot be used: {0}",
    insecure: "The browser gives the microphone to https pages and to localhost only.",
    read: "Please read: “{0}”", needName: "Give a name first.", needConsent: "Enrollment needs consent.", needTake: "Record something, or choose a file, first.",
    working: "Working …", enrolled: "{0} is enrolled. Recordings in all: {1}.", leftOut: "Left out: {0}", resembles: "It sounds like {0}, who is enrolled already.",
    accepted: "Accepted: {0}", rejected: "Rejected: not {0}", known: "{0}", unknown: "Nobody who is enrolled", score: "Score {0}, needed {1}",
    fmr: "Of 100 strangers about {0} would pass.", speech: "{0} s of speech, {1} dB above the noise", nearest: "Most alike", doubtful: "Doubtful: {0}",
    foundSpeakers: "{0} found in {1} s", state: "{0} enrolled · model {1} · {2}", as: "as {0} ({1})", offline: "The service does not answer.",
    needToken: "This service needs a token.", removed: "{0} was forgotten.", listening: "Listening. Answers follow each phrase.", timeline: "Timeline of who speaks",
    sentences: ["The boat leaves the harbour at seven in the morning.", "She keeps a small green notebook in her left pocket.",
      "Warm bread and fresh coffee were all we asked for.", "On Thursday the library closes an hour earlier.", "He counted twelve birds on the old stone bridge."],
  },
  zh: {
    skip: "跳到正文", subtitle: "谁在说话？声音只留在本服务器上。", language: "语言", token: "访问令牌", use: "使用",
    tokenHint: "由此命令生成：vpr serve token add 名字 --scope …　关闭此标签页前有效。", tasks: "任务", enroll: "注册", verify: "验证", identify: "识别",
    diarize: "谁在何时说话", people: "名单", enrollHow: "请在安静处说三句或更多，每句录一次。以后可用同一名字追加。", name: "名字",
    consent: "说话者本人同意在此生成并保存声纹（生物特征数据）。", keep: "保存时间", keep30d: "30 天", keep90d: "90 天", keep1y: "一年", keepOn: "直到被删除", keptUntil: "将于 {0} 自动忘记。", keptOn: "保存到被删除为止。",
    until: "保存至", consentHead: "同意内容", login: "登录", loginHow: "说明您是谁，获取要念的内容，然后录下您的朗读：事先的录音不知道这些内容。", askPrompt: "我该说什么？", loginGo: "登录",
    promptOnce: "这些数字只用一次，{0} 秒内有效。vpr 自带的转写器只听得懂英语。", promptUnheard: "只检查声音，不检查内容：本服务没有语音转写器（--prompt-model）。", needPrompt: "请先获取要念的内容。", welcome: "欢迎，{0}", notIn: "未能以 {0} 登录",
    voiceRight: "声音相符：得分 {0}，需要 {1}", voiceWrong: "声音不符：得分 {0}，需要 {1}", wordsRight: "内容相符：{0}", wordsWrong: "内容不符：要求 {0}，听到“{1}”", rates: "错误率",
    ratesHow: "阈值越高，混入的陌生人越少，被拒的本人越多。曲线是模型的实测结果；下方圆点是打开本页以来的得分。", threshold: "阈值", ratesAt: "从 {0} 起：陌生人中 {1} 通过，本人中 {2} 被拒。",
    noRates: "此模型的实测阈值太少。", detLabel: "检测错误权衡曲线：错误接受对错误拒绝", scoresLabel: "{0} 个得分与阈值", fmrHead: "错误接受率", fnmrHead: "错误拒绝率", points: "实测点", usedBy: "使用者",
    enrollGo: "注册此声音", verifyHow: "说明您是谁，然后讲几秒钟。", claimed: "我是",
    verifyGo: "验证", identifyHow: "录音或选择文件：回答是一个名字，或者无人。", identifyGo: "是谁？", live: "持续监听", diarizeHow: "会议或通话：已注册者显示名字，其他人编号。",
    howMany: "说话人数（留空则自动）", diarizeGo: "分析", turns: "发言", from: "开始", to: "结束", who: "谁", play: "播放", peopleHow: "在此注册的所有人",
    recordings: "录音数", since: "注册时间", note: "备注", action: "删除", remove: "删除", removeSure: "要忘记“{0}”的声音吗？无法撤销。",
    limits: "声音可以被重放或模仿，本程序不能识别这种情况。请勿仅凭声音保护贵重之物。", record: "录音", stop: "停止", file: "或选择文件", level: "音量",
    take: "录音 {0}，{1} 秒", drop: "去掉", chosen: "已选择 {0}", silent: "没有声音。麦克风选对了吗？", quiet: "声音太小，请靠近。", loud: "声音太大，已失真。",
    more: "请继续：目前 {0} 秒。", enough: "很好，够了。", noMic: "无法使用麦克风：{0}", insecure: "浏览器只允许 https 页面和 localhost 使用麦克风。",
    read: "请朗读：“{0}”", needName: "请先输入名字。", needConsent: "注册需要同意。", needTake: "请先录音或选择文件。", working: "处理中……",
    enrolled: "{0} 已注册：共 {1} 段录音。", leftOut: "未采用：{0}", resembles: "听起来像已注册的 {0}。", accepted: "通过：{0}", rejected: "拒绝：不是 {0}",
    known: "{0}", unknown: "不是任何已注册者", score: "得分 {0}，需要 {1}", fmr: "100 个陌生人中约有 {0} 个会通过。", speech: "语音 {0} 秒，高于噪声 {1} 分贝",
    nearest: "最相似", doubtful: "存疑：{0}", foundSpeakers: "{1} 秒中有 {0} 人", state: "已注册 {0} 人 · 模型 {1} · {2}", as: "身份 {0}（{1}）", offline: "服务没有回应。",
    needToken: "此服务需要令牌。", removed: "已忘记 {0}。", listening: "正在监听。每句话后给出回答。", timeline: "说话人时间线",
    sentences: ["早上七点，小船准时离开港口。", "她左边的口袋里总放着一本绿色的笔记本。", "我们只想要热面包和新鲜的咖啡。", "星期四图书馆提前一个小时关门。", "他在老石桥上数到了十二只鸟。"],
  },
};
let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");

function say(key, ...values) {
  return WORDS[language][key].replace(/\{(\d)\}/g, (_, i) => values[i]);  // in one go: a value may look like a place
}

function sayAll() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-say-label]")) one.setAttribute("aria-label", say(one.dataset.sayLabel));
}
